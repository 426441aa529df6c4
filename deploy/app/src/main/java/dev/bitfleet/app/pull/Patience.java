package dev.bitfleet.app.pull;

import java.time.Duration;

/**
 * How long a pull bears with a network.
 *
 * @param head for a connection and the head of an answer
 * @param silence without one byte of a body
 * @param attempts in a row that bring nothing
 * @param pause after the first failure; doubles up to {@code longestPause}
 */
record Patience(
    Duration head, Duration silence, int attempts, Duration pause, Duration longestPause) {
  static final Patience USUAL =
      new Patience(
          Duration.ofSeconds(30),
          Duration.ofSeconds(60),
          6,
          Duration.ofSeconds(1),
          Duration.ofSeconds(30));
}
