package dev.bitfleet.worker.time;

/** The time, and what is to be done at one. One thread. */
public interface Timers {
  /** Nanoseconds of a monotonic clock. */
  long now();

  /** Milliseconds since 1970, as far as the machine knows. */
  long wallMillis();

  /**
   * Does something once, so many milliseconds from now.
   *
   * @return its id
   */
  long after(long millis, Runnable action);

  /**
   * Does something again and again, so many milliseconds apart.
   *
   * @return its id
   */
  long every(long millis, Runnable action);

  /** Nothing happens for that id from now on; ids that are over are ignored. */
  void cancel(long id);
}
