package dev.bitfleet.gateway.admission;

import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.proto.Priority;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.stream.Stream;

/** Those who want a slot of one model at one moment, in the order they came. */
final class Contest {
  private final ModelSupply.Serving serving;
  private final Queue<Ticket> interactive = new ArrayDeque<>();
  private final Queue<Ticket> background = new ArrayDeque<>();

  Contest(ModelSupply.Serving serving) {
    this.serving = serving;
  }

  String model() {
    return serving.model();
  }

  void enter(Ticket ticket) {
    (ticket.priority() == Priority.BACKGROUND ? background : interactive).add(ticket);
  }

  /** Who gets the next slot; empty when there is none for anybody who is left. */
  Optional<Ticket> next(Given given) {
    if (given.all() >= serving.slots()) {
      return Optional.empty();
    }
    boolean backgroundMay = !background.isEmpty() && given.backgroundMay(serving.slots());
    return backgroundMay && (interactive.isEmpty() || given.backgroundIsDue())
        ? Optional.of(background.remove())
        : Optional.ofNullable(interactive.poll());
  }

  boolean backgroundWaits() {
    return !background.isEmpty();
  }

  /** Those who got none. */
  Stream<Ticket> left() {
    return Stream.concat(interactive.stream(), background.stream());
  }
}
