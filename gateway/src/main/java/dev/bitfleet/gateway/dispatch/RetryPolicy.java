package dev.bitfleet.gateway.dispatch;

/**
 * Whether a broken choice is tried again. Pure; counts what one choice has gone through.
 *
 * <p>A choice that has got on since it last broke starts counting afresh, for what broke it was
 * chance and not the choice; how often it may break in all is bounded too. Getting on means more
 * than a token or two, which an engine may draw before it dies of the same thing again.
 */
final class RetryPolicy {
  /** Tokens since the last break after which that break is forgotten. */
  static final int PROGRESS = 16;

  /** Breaks in all, for each that may follow another without progress between them. */
  static final int IN_ALL = 4;

  private final int attempts;
  private final int engineLosses;
  private int brokenInAll;
  private int broken;
  private int lost;
  private int tokensBefore;

  RetryPolicy(int attempts, int engineLosses) {
    this.attempts = attempts;
    this.engineLosses = engineLosses;
  }

  /**
   * Notes an end and decides.
   *
   * @param tokens of the choice that have been handed on
   */
  boolean again(AttemptEnd end, int tokens) {
    if (tokens - tokensBefore >= PROGRESS) {
      broken = 0;
      lost = 0;
    }
    tokensBefore = tokens;
    broken++;
    brokenInAll++;
    if (end == AttemptEnd.ENGINE_LOST) {
      lost++;
    }
    return end.retryable()
        && broken < attempts
        && lost < engineLosses
        && brokenInAll < IN_ALL * attempts;
  }
}
