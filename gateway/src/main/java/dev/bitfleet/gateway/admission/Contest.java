package dev.bitfleet.gateway.admission;

import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.proto.Priority;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Those who want a slot of one model at one moment. */
final class Contest {
  private final ModelSupply.Serving serving;
  private final Line interactive = new Line();
  private final Line background = new Line();

  Contest(ModelSupply.Serving serving) {
    this.serving = serving;
  }

  String model() {
    return serving.model();
  }

  void enter(Ticket ticket) {
    (ticket.priority() == Priority.BACKGROUND ? background : interactive).enter(ticket);
  }

  /** Who gets the next slot; empty when there is none for anybody who is left. */
  Optional<Ticket> next(Given given) {
    if (given.all() >= serving.slots()) {
      return Optional.empty();
    }
    boolean backgroundMay = !background.isEmpty() && given.backgroundMay(serving.slots());
    return backgroundMay && (interactive.isEmpty() || given.backgroundIsDue())
        ? background.next(given)
        : interactive.next(given);
  }

  boolean backgroundWaits() {
    return !background.isEmpty();
  }

  /** How many somebody waits for got none, by tenant. */
  Map<Long, Long> leftByTenant() {
    return interactive
        .tickets()
        .collect(Collectors.groupingBy(Ticket::tenant, Collectors.counting()));
  }

  /** Those who got none. */
  Stream<Ticket> left() {
    return Stream.concat(interactive.tickets(), background.tickets());
  }
}
