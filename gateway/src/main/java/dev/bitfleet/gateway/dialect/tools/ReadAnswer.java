package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.grammar.ToolEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A whole choice, taken apart.
 *
 * @param content its text; empty when it has calls and nothing else
 */
public record ReadAnswer(Optional<String> content, List<ReadCall> calls) {
  public ReadAnswer {
    calls = List.copyOf(calls);
  }

  /**
   * Takes the output of one choice apart.
   *
   * @param callable names that may be called; empty = all is text
   */
  public static ReadAnswer of(String output, Set<String> callable) {
    if (callable.isEmpty()) {
      return new ReadAnswer(Optional.of(output), List.of());
    }
    ChoiceReader reader = new ChoiceReader(callable);
    List<ToolEvent> events = new ArrayList<>(reader.read(output));
    events.addAll(reader.finish());
    StringBuilder content = new StringBuilder();
    List<ReadCall> calls = new ArrayList<>();
    String name = "";
    StringBuilder arguments = new StringBuilder();
    for (ToolEvent event : events) {
      switch (event) {
        case ToolEvent.Content(String text) -> content.append(text);
        case ToolEvent.CallBegan began -> {
          name = began.name();
          arguments.setLength(0);
        }
        case ToolEvent.ArgumentsDelta delta -> arguments.append(delta.text());
        case ToolEvent.CallEnded ended ->
            calls.add(new ReadCall(name, arguments.toString(), ended.whole()));
      }
    }
    return new ReadAnswer(
        content.isEmpty() && !calls.isEmpty() ? Optional.empty() : Optional.of(content.toString()),
        calls);
  }
}
