package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes an output apart while it streams: into content, and calls of tools in the syntax of {@link
 * ToolRules}. Pieces may be cut anywhere. Only what may still be the opening of a call, and a
 * call's head up to its name, is held back.
 *
 * <p>A model without a grammar may write anything: what does not become a call is content, to the
 * character, and nothing throws. One reader per output; a completion that begins anew needs a new
 * one. For one thread.
 */
public final class ToolCallReader {
  /** A head longer than this is no call. */
  private static final int MAX_HEAD = 64 * 1024;

  private enum State {
    TEXT,
    /** After the opening, before arguments that may be told. */
    HEAD,
    ARGUMENTS,
    /** After the arguments, before the closing. */
    TAIL,
    /** After a call: white space here belongs to nobody. */
    BETWEEN
  }

  private final Set<String> names;
  private final StringBuilder held = new StringBuilder();
  private final JsonSpan span = new JsonSpan();
  private List<ToolEvent> events = new ArrayList<>();
  private State state = State.TEXT;
  private int index = -1;

  /**
   * @param names of the tools that may be called; a call of another is content
   */
  public ToolCallReader(Set<String> names) {
    this.names = Set.copyOf(names);
  }

  /** What the piece brings. */
  public List<ToolEvent> read(String piece) {
    held.append(piece);
    while (step()) {
      // Until more is needed.
    }
    return taken();
  }

  /** The output is over: what was held back is content, and a call that is open was cut. */
  public List<ToolEvent> finish() {
    switch (state) {
      case TEXT, BETWEEN -> {
        if (state == State.TEXT || !held.toString().isBlank()) {
          content(held.length());
        }
      }
      case HEAD -> {
        held.insert(0, ToolRules.OPENING);
        content(held.length());
      }
      case ARGUMENTS -> {
        arguments(held.length());
        events.add(new ToolEvent.CallEnded(index, false));
      }
      case TAIL -> events.add(new ToolEvent.CallEnded(index, false));
    }
    held.setLength(0);
    state = State.TEXT;
    return taken();
  }

  private List<ToolEvent> taken() {
    List<ToolEvent> taken = events;
    events = new ArrayList<>();
    return taken;
  }

  /** Whether something was done and more may be. */
  private boolean step() {
    return switch (state) {
      case TEXT -> text();
      case HEAD -> head();
      case ARGUMENTS -> argumentsGoOn();
      case TAIL -> tail();
      case BETWEEN -> between();
    };
  }

  private boolean text() {
    int at = held.indexOf(ToolRules.OPENING);
    if (at >= 0) {
      content(at);
      held.delete(0, ToolRules.OPENING.length());
      state = State.HEAD;
      return true;
    }
    content(held.length() - maybeOpening());
    return false;
  }

  /** How many characters at the end may be the beginning of an opening. */
  private int maybeOpening() {
    for (int n = Math.min(held.length(), ToolRules.OPENING.length() - 1); n > 0; n--) {
      if (ToolRules.OPENING.startsWith(held.substring(held.length() - n))) {
        return n;
      }
    }
    return 0;
  }

  private void content(int length) {
    if (length > 0) {
      events.add(new ToolEvent.Content(held.substring(0, length)));
      held.delete(0, length);
    }
  }

  private boolean head() {
    CallHead head = CallHead.of(held);
    switch (head) {
      case CallHead.Open open -> {
        if (held.length() <= MAX_HEAD) {
          return false;
        }
        return noCall();
      }
      case CallHead.Broken broken -> {
        return noCall();
      }
      case CallHead.Found found -> {
        if (!names.contains(found.name())) {
          return noCall();
        }
        index++;
        events.add(new ToolEvent.CallBegan(index, found.name()));
        @Nullable String early = found.arguments();
        if (early != null) {
          events.add(new ToolEvent.ArgumentsDelta(index, early));
          state = State.TAIL;
        } else {
          state = State.ARGUMENTS;
          span.begin();
        }
        held.delete(0, found.length());
        return true;
      }
    }
  }

  /** The opening was only text that looks like one. */
  private boolean noCall() {
    events.add(new ToolEvent.Content(ToolRules.OPENING));
    state = State.TEXT;
    return true;
  }

  private boolean argumentsGoOn() {
    int n = span.read(held);
    arguments(n);
    if (span.isOver()) {
      state = State.TAIL;
      return true;
    }
    return false;
  }

  private void arguments(int length) {
    if (length > 0) {
      events.add(new ToolEvent.ArgumentsDelta(index, held.substring(0, length)));
      held.delete(0, length);
    }
  }

  /** White space, the call's own brace, white space, the closing. */
  private boolean tail() {
    int at = CallHead.blanks(held, 0);
    if (at == held.length()) {
      return false;
    }
    if (held.charAt(at) != '}') {
      return astray();
    }
    at = CallHead.blanks(held, at + 1);
    String rest = held.substring(at, Math.min(held.length(), at + ToolRules.CLOSING.length()));
    if (!ToolRules.CLOSING.startsWith(rest)) {
      return astray();
    }
    if (rest.length() < ToolRules.CLOSING.length()) {
      return false;
    }
    held.delete(0, at + ToolRules.CLOSING.length());
    events.add(new ToolEvent.CallEnded(index, true));
    state = State.BETWEEN;
    return true;
  }

  /** The arguments are out and cannot be taken back; what follows them is text. */
  private boolean astray() {
    events.add(new ToolEvent.CallEnded(index, false));
    state = State.TEXT;
    return true;
  }

  private boolean between() {
    int at = CallHead.blanks(held, 0);
    if (at == held.length()) {
      return false;
    }
    String rest = held.substring(at, Math.min(held.length(), at + ToolRules.OPENING.length()));
    if (rest.equals(ToolRules.OPENING)) {
      held.delete(0, at);
    } else if (ToolRules.OPENING.startsWith(rest)) {
      return false;
    }
    state = State.TEXT;
    return true;
  }
}
