package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.grammar.AnswerShape;
import dev.bitfleet.gateway.grammar.OutputSpec;
import dev.bitfleet.gateway.grammar.ToolChoice;
import dev.bitfleet.gateway.grammar.ToolMode;
import dev.bitfleet.proto.ToolDescription;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a request wants of its output.
 *
 * @param answer what text that is no call has to be
 * @param tools what the model may call
 * @param parallel whether an answer may have several calls
 * @param grammar the client's own grammar in GBNF, instead of all that; empty = none
 */
public record OutputWish(
    AnswerShape answer,
    List<OfferedTool> tools,
    ToolChoice choice,
    boolean parallel,
    String grammar) {

  /** Text, whatever it is. */
  public static final OutputWish FREE_TEXT =
      new OutputWish(new AnswerShape.FreeText(), List.of(), ToolChoice.NONE, true, "");

  public OutputWish {
    Objects.requireNonNull(answer);
    tools = List.copyOf(tools);
    Objects.requireNonNull(choice);
    Objects.requireNonNull(grammar);
  }

  /** What a grammar is to be made of; empty when none is needed, or the client gave its own. */
  public Optional<OutputSpec> spec() {
    if (!grammar.isEmpty() || (answer instanceof AnswerShape.FreeText && !calls())) {
      return Optional.empty();
    }
    return Optional.of(
        new OutputSpec(answer, tools.stream().map(OfferedTool::tool).toList(), choice, parallel));
  }

  /** Where the request says what the output is held to, for errors about it. */
  public String field() {
    if (!grammar.isEmpty()) {
      return "grammar";
    }
    if (answer instanceof AnswerShape.OfSchema schema) {
      return schema.path();
    }
    List<OfferedTool> callable = tools.stream().filter(tool -> choice.allows(tool.tool())).toList();
    return callable.size() == 1 ? callable.getFirst().tool().path() : "tools";
  }

  /** Whether the output is held to anything at all. */
  public boolean constrained() {
    return !grammar.isEmpty() || spec().isPresent();
  }

  /**
   * What the model is told of. All tools, also where only some are allowed: a prompt that stays the
   * same is computed once.
   */
  public List<ToolDescription> descriptions() {
    return calls() ? tools.stream().map(OfferedTool::description).toList() : List.of();
  }

  /** Names that may be called; empty = nothing in the output is read as a call. */
  public Set<String> callable() {
    if (!calls()) {
      return Set.of();
    }
    return choice.allowed().isEmpty()
        ? tools.stream().map(OfferedTool::name).collect(Collectors.toUnmodifiableSet())
        : choice.allowed();
  }

  private boolean calls() {
    return !tools.isEmpty() && choice.mode() != ToolMode.NONE;
  }
}
