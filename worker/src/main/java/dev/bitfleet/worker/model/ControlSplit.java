package dev.bitfleet.worker.model;

import dev.bitfleet.worker.engine.PromptSegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Finds a vocabulary's control tokens in text by their names. Immutable; may be used from any
 * thread.
 */
public final class ControlSplit {
  private final ControlTokens controls;
  // Longest first, so that <|end|> does not hide <|end|>x where both exist.
  private final Map<Character, List<String>> byFirstUnit;

  public ControlSplit(ControlTokens controls) {
    this.controls = controls;
    this.byFirstUnit =
        controls.idOfText().keySet().stream()
            .sorted(Comparator.comparingInt((String text) -> -text.length()))
            .collect(Collectors.groupingBy(text -> text.charAt(0)));
  }

  /** Stretches of text, and between them the control tokens whose names stood there. */
  public List<PromptSegment> split(String text) {
    return split(text, UnaryOperator.identity());
  }

  /**
   * @param read applied to each stretch of text once the control tokens are found
   */
  List<PromptSegment> split(String text, UnaryOperator<String> read) {
    List<PromptSegment> segments = new ArrayList<>();
    int textFrom = 0;
    int at = 0;
    while (at < text.length()) {
      String control = controlAt(text, at);
      if (control.isEmpty()) {
        at++;
        continue;
      }
      if (at > textFrom) {
        segments.add(new PromptSegment.Text(read.apply(text.substring(textFrom, at))));
      }
      segments.add(new PromptSegment.Tokens(List.of(controls.idOfText().get(control))));
      at += control.length();
      textFrom = at;
    }
    if (textFrom < text.length()) {
      segments.add(new PromptSegment.Text(read.apply(text.substring(textFrom))));
    }
    return segments;
  }

  private String controlAt(String text, int at) {
    for (String control : byFirstUnit.getOrDefault(text.charAt(at), List.of())) {
      if (text.startsWith(control, at)) {
        return control;
      }
    }
    return "";
  }
}
