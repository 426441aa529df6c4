package dev.bitfleet.gateway.admission;

/**
 * How fast the line for one model's slots has moved since somebody stands in it, and so how many
 * places in it are worth taking. What is long past counts for less and less.
 */
final class Pace {
  private boolean somebodyWaits;
  private long sinceNanos;
  private double admitted;

  /** Whether anybody is left in line. An empty line has no pace. */
  void waits(boolean anybody, long now) {
    if (anybody && !somebodyWaits) {
      sinceNanos = now;
      admitted = 0;
    }
    somebodyWaits = anybody;
  }

  /** One of the line has got a slot. */
  void admitted() {
    admitted++;
  }

  /**
   * How many places come to their turn in that time, when all goes on as it did.
   *
   * @param slots of the model; before each was given out once, or the time has passed, nothing can
   *     be said
   * @return all of them when nothing can be said
   */
  long placesWithin(long patienceNanos, int slots, long now) {
    long elapsed = now - sinceNanos;
    if (!somebodyWaits
        || elapsed <= 0
        || elapsed < patienceNanos && admitted < Math.max(1, slots)) {
      return Long.MAX_VALUE;
    }
    if (elapsed > 2 * patienceNanos) {
      sinceNanos += elapsed / 2;
      admitted /= 2;
      elapsed -= elapsed / 2;
    }
    return (long) Math.ceil(admitted * patienceNanos / elapsed);
  }
}
