package dev.bitfleet.gateway.grammar;

import java.util.List;

/**
 * What a request asks of the model's whole output.
 *
 * @param parallel whether several tools may be called in one answer
 */
public record OutputSpec(
    AnswerShape answer, List<Tool> tools, ToolChoice choice, boolean parallel) {
  public OutputSpec {
    tools = List.copyOf(tools);
  }

  /** Only text is asked for. */
  public static OutputSpec of(AnswerShape answer) {
    return new OutputSpec(answer, List.of(), ToolChoice.NONE, true);
  }

  /** The tools that may be called, in the request's order. */
  List<Tool> callable() {
    return choice.mode() == ToolMode.NONE
        ? List.of()
        : tools.stream().filter(choice::allows).toList();
  }
}
