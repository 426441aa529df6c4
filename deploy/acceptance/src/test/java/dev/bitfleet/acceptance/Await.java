package dev.bitfleet.acceptance;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for conditions, and says how long they took. */
final class Await {
  private static final Duration LOOK_EVERY = Duration.ofMillis(5);

  private Await() {}

  /**
   * Returns once the condition holds.
   *
   * @return how long that took
   * @throws AssertionError when it does not hold within the window
   */
  static Duration until(String what, Duration window, BooleanSupplier condition) {
    long began = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - began > window.toNanos()) {
        throw new AssertionError("not within " + window.toMillis() + " ms: " + what);
      }
      LockSupport.parkNanos(LOOK_EVERY.toNanos());
    }
    return Duration.ofNanos(System.nanoTime() - began);
  }
}
