package dev.bitfleet.worker.supervise;

import java.time.Duration;

/**
 * Tells an engine that stands still from one that is merely slow. Pure.
 *
 * <p>An engine that gets no processor time is given the window. One that works, however little of
 * the machine it gets, is given a multiple: it may be a step of its that a busy machine draws out.
 *
 * <p>Signs of life are pieces of a completion, and answers to pings in which the number of model
 * steps has grown; an answer without growth counts only while nothing is open. Silence is the sum
 * of the watch's own ticks, each counted for no more than twice its length: a suspended machine or
 * a long pause of this JVM, in which nobody listened, is not held against the engine.
 */
final class StallWatch {
  private final long tickNanos;
  private final long windowNanos;
  private long silentNanos;
  private long steps = -1;
  private long effort = -1;

  /** How much slower silence counts while the process works. */
  static final int PATIENCE_WITH_WORK = 8;

  StallWatch(Duration tick, Duration window) {
    this.tickNanos = tick.toNanos();
    this.windowNanos = window.toNanos();
  }

  /** The engine computed something. */
  void progress() {
    silentNanos = 0;
  }

  /** The engine answered a ping. */
  void answered(long stepsNow, int openSequences) {
    if (openSequences == 0 || stepsNow != steps) {
      silentNanos = 0;
    }
    steps = stepsNow;
  }

  /**
   * Another tick has passed.
   *
   * @param elapsedNanos since the last one, as the clock has it
   * @param longestStep that a healthy engine may need now
   * @param effortNow of its process, see {@link ProcessEffort}
   * @return whether the engine stands still
   */
  boolean stalled(long elapsedNanos, Duration longestStep, long effortNow) {
    long silence = Math.min(elapsedNanos, 2 * tickNanos);
    silentNanos += effortNow == effort ? silence : silence / PATIENCE_WITH_WORK;
    effort = effortNow;
    long patience =
        Math.max(windowNanos, longestStep.toNanos() * SupervisionSettings.STEPS_OF_PATIENCE);
    return silentNanos >= patience;
  }

  Duration silence() {
    return Duration.ofNanos(silentNanos);
  }
}
