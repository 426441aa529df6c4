package dev.bitfleet.worker.engine;

import java.time.Duration;

/**
 * How long one step of an engine takes at most, learnt from the sequences it finished. One thread.
 *
 * <p>A step computes at most one chunk of prompt tokens and draws at most one token for each open
 * sequence, and the two add up. What a drawn token costs is learnt mostly from sequences that ran
 * alone, so it counts once for each open one: too patient where they share their steps, never too
 * hasty. Both times are smoothed: one slow moment of the machine shall not blunt the watch for an
 * hour.
 */
public final class StepEstimate {
  private static final double WEIGHT_OF_NEWEST = 0.25;

  /** No step is taken to need longer than this. */
  public static final Duration MOST = Duration.ofSeconds(30);

  private final int chunkTokens;
  private double microsPerPromptToken;
  private double microsPerDrawnToken;

  /**
   * @param chunkTokens prompt tokens one step computes at most
   */
  public StepEstimate(int chunkTokens) {
    this.chunkTokens = chunkTokens;
  }

  /** Learns from a sequence that has ended; a cancelled one has nothing whole to measure by. */
  public void learn(EngineEvent.Finished finished) {
    if (!finished.whole()) {
      return;
    }
    int computed = finished.usage().promptTokens() - finished.usage().cachedTokens();
    if (computed > 0 && finished.prefillMicros() > 0) {
      microsPerPromptToken =
          smoothed(microsPerPromptToken, (double) finished.prefillMicros() / computed);
    }
    int drawn = finished.usage().completionTokens();
    if (drawn > 0 && finished.decodeMicros() > 0) {
      microsPerDrawnToken = smoothed(microsPerDrawnToken, (double) finished.decodeMicros() / drawn);
    }
  }

  /**
   * The longest step to be expected; zero while nothing has been learnt.
   *
   * @param pendingPromptTokens prompt tokens that may still have to be computed, of all sequences
   * @param openSequences that may each draw a token
   */
  public Duration longestStep(long pendingPromptTokens, int openSequences) {
    double micros =
        microsPerPromptToken * Math.min(chunkTokens, pendingPromptTokens)
            + microsPerDrawnToken * openSequences;
    Duration step = Duration.ofNanos((long) (Math.min(micros, 1e12) * 1000));
    return step.compareTo(MOST) < 0 ? step : MOST;
  }

  private static double smoothed(double before, double newest) {
    return before == 0 ? newest : before + WEIGHT_OF_NEWEST * (newest - before);
  }
}
