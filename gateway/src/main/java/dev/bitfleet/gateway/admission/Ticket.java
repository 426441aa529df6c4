package dev.bitfleet.gateway.admission;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One choice's place in the queue, then its right to one slot. Told apart by identity. Its state
 * belongs to the {@link AdmissionQueue} that made it.
 */
public final class Ticket {
  /** Instead of a deadline: it waits as long as it takes. */
  public static final long NO_DEADLINE = Long.MAX_VALUE;

  enum State {
    WAITING,
    ADMITTED,
    GONE
  }

  private final Optional<String> model;
  final long enteredNanos;
  final long deadlineNanos;
  State state = State.WAITING;

  /** Set while no worker is ready for it. */
  @Nullable Long awaitingSinceNanos;

  long admittedNanos;

  /** The model whose slot it holds, once admitted. */
  String admittedModel = "";

  Ticket(Optional<String> model, long enteredNanos, long deadlineNanos) {
    this.model = model;
    this.enteredNanos = enteredNanos;
    this.deadlineNanos = deadlineNanos;
  }

  /** The model asked for; empty = whichever is served. */
  public Optional<String> model() {
    return model;
  }

  public boolean admitted() {
    return state == State.ADMITTED;
  }
}
