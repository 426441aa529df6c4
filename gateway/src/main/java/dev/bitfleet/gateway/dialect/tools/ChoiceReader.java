package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.grammar.ToolCallReader;
import dev.bitfleet.gateway.grammar.ToolEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells the text of one choice from its calls, piece by piece; however the pieces are cut, the
 * parts joined are the same. A choice that begins anew needs a new reader. One thread.
 *
 * <p>Blanks around calls separate them and belong to nobody, so blanks at the end of the text wait
 * until it is known what follows.
 */
public final class ChoiceReader {
  private final @Nullable ToolCallReader calls;
  private final StringBuilder blanks = new StringBuilder();
  private int begun;
  private boolean cut;

  /**
   * @param callable names that may be called; empty = all is text
   */
  public ChoiceReader(Set<String> callable) {
    calls = callable.isEmpty() ? null : new ToolCallReader(callable);
  }

  /** What a piece of the output adds. */
  public List<ToolEvent> read(String piece) {
    if (calls == null) {
      return piece.isEmpty() ? List.of() : List.of(new ToolEvent.Content(piece));
    }
    return withoutBlanks(calls.read(piece));
  }

  /** What was held back, at the end of the output. */
  public List<ToolEvent> finish() {
    if (calls == null) {
      return List.of();
    }
    List<ToolEvent> events = withoutBlanks(calls.finish());
    if (begun == 0 && !blanks.isEmpty()) {
      events.add(new ToolEvent.Content(blanks.toString()));
    }
    return events;
  }

  /** Calls that have begun so far. */
  public int calls() {
    return begun;
  }

  /** Whether the output ended within a call. */
  public boolean cut() {
    return cut;
  }

  private List<ToolEvent> withoutBlanks(List<ToolEvent> read) {
    List<ToolEvent> events = new ArrayList<>(read.size());
    for (ToolEvent event : read) {
      switch (event) {
        case ToolEvent.Content(String text) -> content(text, events);
        case ToolEvent.CallBegan began -> {
          begun++;
          blanks.setLength(0);
          events.add(began);
        }
        case ToolEvent.CallEnded ended -> {
          cut |= !ended.whole();
          events.add(ended);
        }
        case ToolEvent.ArgumentsDelta delta -> events.add(delta);
      }
    }
    return events;
  }

  private void content(String text, List<ToolEvent> events) {
    int end = text.length();
    while (end > 0 && Character.isWhitespace(text.charAt(end - 1))) {
      end--;
    }
    if (end > 0) {
      events.add(new ToolEvent.Content(blanks + text.substring(0, end)));
      blanks.setLength(0);
    }
    blanks.append(text, end, text.length());
  }
}
