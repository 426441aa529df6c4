package dev.bitfleet.gateway.responses;

import java.time.Duration;

/**
 * What responses may cost.
 *
 * @param grace how long a stored stream goes on without a client
 * @param backgroundWaiting background responses that may wait; further ones are answered 429
 * @param backgroundRunning background responses that run at once
 * @param backgroundPatience how long a background response is tried while no worker takes it
 * @param backgroundAttempts starts of the server that may begin the same response
 */
public record ResponseLimits(
    Duration grace,
    int backgroundWaiting,
    int backgroundRunning,
    Duration backgroundPatience,
    int backgroundAttempts) {

  /** The defaults but for the grace. */
  public static ResponseLimits withGrace(Duration grace) {
    return new ResponseLimits(grace, 1000, 4, Duration.ofHours(1), 3);
  }
}
