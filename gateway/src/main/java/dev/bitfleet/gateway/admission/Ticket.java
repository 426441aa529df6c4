package dev.bitfleet.gateway.admission;

import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Priority;
import java.util.List;
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

  private final ModelWish model;
  private final long tenant;
  private final Priority priority;

  /** Who came first has the lower one. */
  final long number;

  final long enteredNanos;
  final long deadlineNanos;
  State state = State.WAITING;

  /** Of the same request, this one among them. */
  List<Ticket> siblings = List.of(this);

  /** Set while no worker is ready for it. */
  @Nullable Long awaitingSinceNanos;

  long admittedNanos;

  /** The model whose slot it holds, once admitted. */
  String admittedModel = "";

  Ticket(
      ModelWish model,
      long tenant,
      Priority priority,
      long number,
      long enteredNanos,
      long deadlineNanos) {
    this.model = model;
    this.tenant = tenant;
    this.priority = priority;
    this.number = number;
    this.enteredNanos = enteredNanos;
    this.deadlineNanos = deadlineNanos;
  }

  /** The model asked for. */
  public ModelWish model() {
    return model;
  }

  /** Whose request it is of. */
  long tenant() {
    return tenant;
  }

  public Priority priority() {
    return priority;
  }

  public boolean admitted() {
    return state == State.ADMITTED;
  }
}
