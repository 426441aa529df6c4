package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.completion.Delivery;

/** Whether a broken choice is tried again. Pure; counts what one choice has gone through. */
final class RetryPolicy {
  private final int attempts;
  private final int engineLosses;
  private final Delivery delivery;
  private int broken;
  private int lost;

  RetryPolicy(int attempts, int engineLosses, Delivery delivery) {
    this.attempts = attempts;
    this.engineLosses = engineLosses;
    this.delivery = delivery;
  }

  /**
   * Notes an end and decides.
   *
   * @param anythingDelivered whether a delta of it was handed on
   */
  boolean again(AttemptEnd end, boolean anythingDelivered) {
    broken++;
    if (end == AttemptEnd.ENGINE_LOST) {
      lost++;
    }
    boolean clientHasSome = anythingDelivered && delivery == Delivery.STREAMED;
    return end.retryable() && !clientHasSome && broken < attempts && lost < engineLosses;
  }
}
