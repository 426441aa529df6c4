package dev.bitfleet.gateway.completion;

/**
 * What the client calls the fields that only an engine can judge, so that a refusal names them in
 * the client's words.
 *
 * @param maxTokens limit of the tokens
 * @param grammar what the output is held to: a grammar, or where a schema or a tool stands
 */
public record FieldNames(String maxTokens, String grammar) {
  /** As the engines' protocol calls them. */
  public static final FieldNames PLAIN = new FieldNames("max_tokens", "grammar");

  /** The same with another limit. */
  public FieldNames limitedBy(String field) {
    return new FieldNames(field, grammar);
  }

  /** The failure as the client is told of it. */
  public CompletionFailure translate(CompletionFailure failure) {
    if (!(failure instanceof CompletionFailure.Invalid invalid)) {
      return failure;
    }
    String field =
        switch (invalid.param()) {
          case "max_tokens" -> maxTokens;
          case "grammar" -> grammar;
          default -> invalid.param();
        };
    String head = invalid.param() + ": ";
    return !field.equals(invalid.param()) && invalid.message().startsWith(head)
        ? new CompletionFailure.Invalid(invalid.message().substring(head.length()), field)
        : failure;
  }
}
