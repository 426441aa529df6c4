package dev.bitfleet.worker.supervise;

import java.time.Duration;

/**
 * When an engine that died is started again. Pure: times are nanoseconds of the caller's clock.
 *
 * <p>The first restart is immediate, for most deaths are accidents. Further ones in a row back off
 * and double; after enough of them the engine counts as failed and is tried slowly for ever, since
 * an operator may mend the cause without telling us. A life that served someone, or was ready long
 * enough, ends the row.
 */
final class RestartPolicy {
  private final SupervisionSettings settings;
  private int crashesInRow;
  private long readySince = NEVER;
  private boolean served;

  private static final long NEVER = Long.MIN_VALUE;

  /**
   * What to do about a death.
   *
   * @param delay before the next start
   * @param failed whether to call the engine failed meanwhile
   */
  record Verdict(Duration delay, boolean failed) {}

  RestartPolicy(SupervisionSettings settings) {
    this.settings = settings;
  }

  /** The engine produced its first token of this life. */
  void ready(long now) {
    readySince = now;
    served = false;
  }

  /** It finished a client's sequence in good order. */
  void served() {
    served = true;
  }

  /** It died. */
  Verdict lost(long now) {
    boolean stable =
        readySince != NEVER && (served || now - readySince >= settings.stableAfter().toNanos());
    readySince = NEVER;
    crashesInRow = stable ? 1 : crashesInRow + 1;
    if (crashesInRow >= settings.crashesToGiveUp()) {
      return new Verdict(settings.slowRetry(), true);
    }
    return new Verdict(backoff(crashesInRow), false);
  }

  /** Its model cannot be loaded: nothing that a quick restart would change. */
  Verdict loadFailed() {
    readySince = NEVER;
    return new Verdict(settings.slowRetry(), true);
  }

  private Duration backoff(int crashes) {
    if (crashes == 1) {
      return Duration.ZERO;
    }
    Duration delay = settings.firstBackoff();
    for (int i = 2; i < crashes && delay.compareTo(settings.longestBackoff()) < 0; i++) {
      delay = delay.multipliedBy(2);
    }
    return delay.compareTo(settings.longestBackoff()) < 0 ? delay : settings.longestBackoff();
  }
}
