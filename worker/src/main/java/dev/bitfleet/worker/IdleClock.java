package dev.bitfleet.worker;

import java.time.Duration;
import java.util.Optional;

/** When a worker has been unused for its keep-alive time. Pure; time is monotonic nanoseconds. */
final class IdleClock {
  private final Optional<Duration> keepAlive;
  private long lastUse;
  private boolean used;

  /**
   * @param keepAlive empty = never
   */
  IdleClock(Optional<Duration> keepAlive) {
    this.keepAlive = keepAlive;
  }

  /** A stream came or went. */
  void used(long now) {
    lastUse = now;
    used = true;
  }

  /** Whether the time is over. It begins with the first question after a start. */
  boolean over(int openStreams, long now) {
    if (openStreams > 0 || !used) {
      used(now);
    }
    return keepAlive.isPresent() && now - lastUse >= keepAlive.get().toNanos() && openStreams == 0;
  }
}
