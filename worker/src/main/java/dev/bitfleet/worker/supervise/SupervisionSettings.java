package dev.bitfleet.worker.supervise;

import java.time.Duration;

/**
 * How patient a worker is with its engine.
 *
 * @param loadTimeout from the spawn to the engine's Ready
 * @param probeTimeout from Ready to the first real token
 * @param tick how often the watch looks
 * @param stallWindow silence that proves a fast engine stands still; a slow one gets {@value
 *     #STEPS_OF_PATIENCE} times its longest step
 * @param firstBackoff before the second restart in a row; the first is immediate, later ones double
 * @param longestBackoff at most
 * @param stableAfter a life that was ready for so long has ended a row of crashes
 * @param crashesToGiveUp crashes in a row after which the engine counts as failed
 * @param slowRetry between attempts of a failed engine
 * @param quarantineWindow two crashes this close make a prompt that was open at both the suspect
 * @param quarantineTime for which such a prompt is refused
 */
public record SupervisionSettings(
    Duration loadTimeout,
    Duration probeTimeout,
    Duration tick,
    Duration stallWindow,
    Duration firstBackoff,
    Duration longestBackoff,
    Duration stableAfter,
    int crashesToGiveUp,
    Duration slowRetry,
    Duration quarantineWindow,
    Duration quarantineTime) {

  static final int STEPS_OF_PATIENCE = 4;

  /** What every worker runs with unless its operator says otherwise. */
  public static final SupervisionSettings DEFAULTS =
      new SupervisionSettings(
          Duration.ofMinutes(10),
          Duration.ofSeconds(60),
          Duration.ofMillis(200),
          Duration.ofMillis(1500),
          Duration.ofMillis(250),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10),
          6,
          Duration.ofSeconds(30),
          Duration.ofMinutes(10),
          Duration.ofMinutes(10));

  public SupervisionSettings {
    positive("loadTimeout", loadTimeout);
    positive("probeTimeout", probeTimeout);
    positive("tick", tick);
    positive("stallWindow", stallWindow);
    positive("firstBackoff", firstBackoff);
    positive("longestBackoff", longestBackoff);
    positive("stableAfter", stableAfter);
    positive("slowRetry", slowRetry);
    positive("quarantineWindow", quarantineWindow);
    positive("quarantineTime", quarantineTime);
    if (crashesToGiveUp < 2) {
      throw new IllegalArgumentException("crashesToGiveUp is below 2: " + crashesToGiveUp);
    }
  }

  private static void positive(String name, Duration duration) {
    if (!duration.isPositive()) {
      throw new IllegalArgumentException(name + " is not above zero: " + duration);
    }
  }
}
