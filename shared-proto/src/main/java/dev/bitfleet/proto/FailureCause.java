package dev.bitfleet.proto;

/** Why a completion broke off. */
public enum FailureCause {
  /** The engine process died, or was killed because it stood still. */
  ENGINE_LOST(true),
  /** The engine gave up on this sequence alone. */
  ENGINE_FAULT(false),
  /** The worker is leaving the fleet. */
  WORKER_STOPPING(true);

  private final boolean retryable;

  FailureCause(boolean retryable) {
    this.retryable = retryable;
  }

  /** Whether another attempt may go on where this one broke off. */
  public boolean retryable() {
    return retryable;
  }
}
