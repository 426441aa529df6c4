package dev.bitfleet.worker.engine.process;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The last lines a process wrote to stderr. Bounded in lines and in bytes, so that a chatty or
 * hostile engine costs a fixed amount of memory. Safe for use by several threads.
 */
final class LineRing {
  static final int MAX_LINES = 64;
  static final int MAX_LINE_CHARS = 400;

  private final Predicate<String> worthKeeping;
  private final ArrayDeque<String> lines = new ArrayDeque<>(MAX_LINES);
  private final StringBuilder open = new StringBuilder();
  private boolean cut;

  /**
   * @param worthKeeping false for chatter that would push out what matters
   */
  LineRing(Predicate<String> worthKeeping) {
    this.worthKeeping = worthKeeping;
  }

  /** Takes bytes as they come; control characters become spaces, for a log is read in terminals. */
  synchronized void append(byte[] bytes, int length) {
    for (int i = 0; i < length; i++) {
      char c = (char) (bytes[i] & 0xff);
      if (c == '\n') {
        endLine();
      } else if (open.length() < MAX_LINE_CHARS) {
        open.append(c < ' ' || c >= 0x7f ? ' ' : c);
      } else {
        cut = true;
      }
    }
  }

  synchronized List<String> lines() {
    List<String> all = new ArrayList<>(lines);
    if (!open.isEmpty()) {
      all.add(open.toString());
    }
    return all;
  }

  private void endLine() {
    String line = cut ? open + " …" : open.toString();
    if (worthKeeping.test(line)) {
      if (lines.size() == MAX_LINES) {
        lines.removeFirst();
      }
      lines.addLast(line);
    }
    open.setLength(0);
    cut = false;
  }
}
