package dev.bitfleet.gateway.store;

import java.util.List;

/** Gets what an event log has, and what comes. One call at a time, on the event loop that asked. */
public interface Follower {
  /**
   * More events.
   *
   * @param first number of the first of them
   */
  void events(int first, List<byte[]> events);

  /** There will be no more: that was all. */
  void ended();

  /** There will be no more, and that was not all: the log is gone, or its writer is. */
  void lost();

  /** There will be no more: the log was begun anew, and does not say what was read of it. */
  void changed();
}
