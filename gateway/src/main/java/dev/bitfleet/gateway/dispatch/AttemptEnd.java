package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.FailureCause;
import java.util.Locale;

/** Why an attempt broke off. */
enum AttemptEnd {
  /** The open was not answered, or its answer was an error. */
  UNANSWERED(true),
  /** The engine died or was killed for standing still. */
  ENGINE_LOST(true),
  /** The engine gave up on this very completion; it would do so elsewhere. */
  ENGINE_FAULT(false),
  WORKER_STOPPING(true),
  /** The worker's heartbeats stopped. */
  WORKER_LOST(true),
  /** An event number was missing: something of the answer is lost. */
  GAP(true),
  /** No event for too long. */
  STALLED(true),
  /** The worker cancelled what nobody had asked it to cancel. */
  WITHDRAWN(true);

  private final boolean retryable;

  AttemptEnd(boolean retryable) {
    this.retryable = retryable;
  }

  /** Whether another worker, or the same one a little later, may succeed. */
  boolean retryable() {
    return retryable;
  }

  /** The name in metrics and logs. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  static AttemptEnd of(FailureCause cause) {
    return switch (cause) {
      case ENGINE_LOST -> ENGINE_LOST;
      case ENGINE_FAULT -> ENGINE_FAULT;
      case WORKER_STOPPING -> WORKER_STOPPING;
    };
  }
}
