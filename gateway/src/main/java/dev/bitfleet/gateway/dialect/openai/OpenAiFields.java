package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.ServiceTier;
import dev.bitfleet.gateway.dialect.fields.Fields;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/** Fields that chats and completions share. */
final class OpenAiFields {
  private OpenAiFields() {}

  /** {@code n} or {@code best_of}, within what this server allows for so many prompts. */
  static int choices(
      Fields fields, String name, int otherwise, int prompts, DialectSettings settings) {
    int n = fields.integer(name).orElse(otherwise);
    if ((long) n * prompts > settings.maxChoices()) {
      throw Fields.invalid(
          n > 1 ? name : "prompt",
          (long) n * prompts
              + " completions are asked for at once, and this server allows "
              + settings.maxChoices()
              + ".");
    }
    return n;
  }

  /** llama.cpp's {@code n_probs}, which its server takes on these routes too. */
  static OptionalInt likeliest(Fields fields) {
    int probs = fields.integer("n_probs").orElse(0);
    return probs > 0 ? OptionalInt.of(probs) : OptionalInt.empty();
  }

  static AnswerFrame frame(
      Fields fields, int choicesPerPrompt, boolean stream, AnswerFrame.TooLong tooLong) {
    return new AnswerFrame(
        choicesPerPrompt,
        includeUsage(fields, stream),
        fields.text("service_tier").map(tier -> ServiceTier.of(fields).wireName()),
        fields.flag("timings_per_token"),
        tooLong);
  }

  private static boolean includeUsage(Fields fields, boolean stream) {
    JsonNode options = fields.given("stream_options");
    if (options == null) {
      return false;
    }
    if (!stream) {
      throw Fields.invalid("stream_options", "it is only allowed with 'stream' true.");
    }
    return new Fields(options, Map.of()).flag("include_usage");
  }
}
