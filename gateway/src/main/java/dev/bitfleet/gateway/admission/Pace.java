package dev.bitfleet.gateway.admission;

/**
 * How fast the line for one model's slots has moved since somebody stands in it, and so how many
 * places in it are worth taking. What is long past counts for less and less.
 */
final class Pace {
  private boolean somebodyWaits;
  private long sinceNanos;

  /** More of them, and the line is another: it begins anew. */
  private int mostSlots;

  private double admitted;

  /** Whether anybody is left in line. An empty line has no pace. */
  void waits(boolean anybody, long now) {
    if (anybody && !somebodyWaits) {
      mostSlots = 0;
      begin(now);
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
   * @param slots of the model; before each was given out once nothing can be said: a line that
   *     stands may move in the next moment
   * @return all of them when nothing can be said
   */
  long placesWithin(long patienceNanos, int slots, long now) {
    if (slots > mostSlots) {
      mostSlots = slots;
      begin(now);
    }
    while (now - sinceNanos > 2 * patienceNanos) {
      sinceNanos += (now - sinceNanos) / 2;
      admitted /= 2;
    }
    long elapsed = now - sinceNanos;
    return !somebodyWaits || elapsed <= 0 || admitted < Math.max(1, slots)
        ? Long.MAX_VALUE
        : (long) Math.ceil(admitted * patienceNanos / elapsed);
  }

  private void begin(long now) {
    sinceNanos = now;
    admitted = 0;
  }
}
