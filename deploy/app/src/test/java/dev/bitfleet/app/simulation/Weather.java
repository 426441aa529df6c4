package dev.bitfleet.app.simulation;

import java.util.SplittableRandom;

/**
 * How bad the world is for a while. Rates are per message, or per second where that is said.
 *
 * @param slowestMillis a message takes at most, so that others overtake it
 * @param lateHeartbeatMillis that a heartbeat takes on top of that, at most
 * @param engineDeaths per second and worker
 * @param engineStalls likewise
 * @param workerDeaths likewise
 * @param deathAfterSending of a worker, after any of its messages
 * @param partitions per second
 */
record Weather(
    double lost,
    double doubled,
    int slowestMillis,
    int lateHeartbeatMillis,
    double engineDeaths,
    double engineStalls,
    double workerDeaths,
    double deathAfterSending,
    double partitions) {

  /** Nothing goes wrong, and what is sent in order comes in order. */
  static final Weather CALM = new Weather(0, 0, 1, 0, 0, 0, 0, 0, 0);

  boolean calm() {
    return equals(CALM);
  }

  /** One seed in six has no storm; the others have each kind of trouble or not. */
  static Weather of(SplittableRandom random) {
    if (random.nextInt(6) == 0) {
      return CALM;
    }
    return new Weather(
        random.nextInt(3) == 0 ? random.nextDouble(0.1) : 0,
        random.nextInt(3) == 0 ? random.nextDouble(0.2) : 0,
        random.nextInt(3) == 0 ? 1 + random.nextInt(100) : 1,
        random.nextInt(3) == 0 ? random.nextInt(2500) : 0,
        random.nextInt(2) == 0 ? random.nextDouble(0.4) : 0,
        random.nextInt(3) == 0 ? random.nextDouble(0.2) : 0,
        random.nextInt(3) == 0 ? random.nextDouble(0.2) : 0,
        random.nextInt(4) == 0 ? random.nextDouble(0.01) : 0,
        random.nextInt(3) == 0 ? random.nextDouble(0.3) : 0);
  }
}
