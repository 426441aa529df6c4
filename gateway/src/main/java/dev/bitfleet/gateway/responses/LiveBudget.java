package dev.bitfleet.gateway.responses;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Bytes that the live logs of all responses hold together. A log that has ended is there only for
 * readers who are behind: when there is no room, those go first, oldest log first. Event loop only.
 */
final class LiveBudget {
  private final long limit;
  private final Set<LiveEvents> finished = new LinkedHashSet<>();
  private long held;

  LiveBudget(long limit) {
    this.limit = limit;
  }

  /** A quarter of the memory there is. */
  static LiveBudget ofMemory() {
    return new LiveBudget(Runtime.getRuntime().maxMemory() / 4);
  }

  void take(long bytes) {
    held += bytes;
    if (held > limit) {
      for (LiveEvents oldest : List.copyOf(finished)) {
        oldest.letGo();
        if (held <= limit) {
          return;
        }
      }
    }
  }

  void give(long bytes) {
    held -= bytes;
  }

  /** That log has ended and somebody still reads it. */
  void lingers(LiveEvents log) {
    finished.add(log);
  }

  void gone(LiveEvents log) {
    finished.remove(log);
  }

  /** Whether the logs that are being written have more than all may have. */
  boolean exceeded() {
    return held > limit;
  }

  long held() {
    return held;
  }
}
