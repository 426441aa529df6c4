package dev.bitfleet.worker.engine.llamaserver;

import java.util.List;

/**
 * Finds stop strings in a text that arrives in pieces, and holds back only what may still become
 * one. This is done here because llama-server drops the held-back text when a limit ends the
 * completion. One stream, one thread.
 */
final class StopMatcher {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private String matched = "";

  StopMatcher(List<String> stops) {
    this.stops = stops;
  }

  /**
   * Takes more text.
   *
   * @return what is now certain to belong to the completion; may be empty
   */
  String accept(String text) {
    if (!matched.isEmpty()) {
      return "";
    }
    if (stops.isEmpty()) {
      return text;
    }
    held.append(text);
    int at = -1;
    for (String stop : stops) {
      int found = held.indexOf(stop);
      if (found >= 0 && (at < 0 || found < at)) {
        at = found;
        matched = stop;
      }
    }
    if (at < 0) {
      at = held.length() - longestBeginning();
      String certain = held.substring(0, at);
      held.delete(0, at);
      return certain;
    }
    String before = held.substring(0, at);
    held.setLength(0);
    return before;
  }

  /** The stop string that was found, empty while none was. */
  String matched() {
    return matched;
  }

  /** The completion has ended by itself: what was held back belongs to it after all. */
  String rest() {
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }

  /** Length of the longest end of the held text that some stop string begins with. */
  private int longestBeginning() {
    int longest = 0;
    for (String stop : stops) {
      int most = Math.min(stop.length() - 1, held.length());
      for (int length = most; length > longest; length--) {
        if (stop.startsWith(held.substring(held.length() - length))) {
          longest = length;
          break;
        }
      }
    }
    return longest;
  }
}
