package dev.bitfleet.app.simulation;

import java.util.HashSet;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** What is to happen, in the order it will: by time, and at one time as it was planned. */
final class VirtualTime {
  static final long MILLI = 1_000_000;

  private record Event(long at, long id, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(id, other.id);
    }
  }

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final Set<Long> cancelled = new HashSet<>();
  private long now;
  private long ids;

  long now() {
    return now;
  }

  /**
   * Plans something.
   *
   * @return its id
   */
  long in(long nanos, Runnable what) {
    long id = ++ids;
    events.add(new Event(now + nanos, id, what));
    return id;
  }

  /**
   * Plans something again and again, until it is {@link #cancel cancelled} or there is no more
   * point to it.
   */
  long every(long nanos, BooleanSupplier asLongAs, Runnable what) {
    long id = ++ids;
    again(id, nanos, asLongAs, what);
    return id;
  }

  private void again(long id, long nanos, BooleanSupplier asLongAs, Runnable what) {
    events.add(
        new Event(
            now + nanos,
            id,
            () -> {
              if (asLongAs.getAsBoolean()) {
                what.run();
                again(id, nanos, asLongAs, what);
              }
            }));
  }

  void cancel(long id) {
    cancelled.add(id);
  }

  /** Lets the next thing happen; false when it is planned for later than that. */
  boolean step(long until) {
    Event next = events.peek();
    if (next == null || next.at() > until) {
      return false;
    }
    events.remove();
    if (!cancelled.isEmpty() && cancelled.remove(next.id())) {
      return true;
    }
    now = next.at();
    next.what().run();
    return true;
  }
}
