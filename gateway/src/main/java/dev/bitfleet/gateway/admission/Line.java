package dev.bitfleet.gateway.admission;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.stream.Stream;

/**
 * Those who want a slot of one model at one priority: a queue for each tenant, tenants in the order
 * of their first ticket.
 */
final class Line {
  private final Map<Long, Queue<Ticket>> byTenant = new LinkedHashMap<>();

  void enter(Ticket ticket) {
    byTenant.computeIfAbsent(ticket.tenant(), tenant -> new ArrayDeque<>()).add(ticket);
  }

  /**
   * Takes out who is next: the oldest ticket of whoever has the fewest slots (max-min fairness), of
   * several the one that waits longest.
   */
  Optional<Ticket> next(Given given) {
    Queue<Ticket> next = null;
    int fewest = Integer.MAX_VALUE;
    long oldest = 0;
    for (Map.Entry<Long, Queue<Ticket>> each : byTenant.entrySet()) {
      Ticket first = each.getValue().element();
      int held = given.of(each.getKey());
      if (next == null || held < fewest || held == fewest && first.number < oldest) {
        next = each.getValue();
        fewest = held;
        oldest = first.number;
      }
    }
    if (next == null) {
      return Optional.empty();
    }
    Ticket ticket = next.remove();
    if (next.isEmpty()) {
      byTenant.remove(ticket.tenant());
    }
    return Optional.of(ticket);
  }

  boolean isEmpty() {
    return byTenant.isEmpty();
  }

  Stream<Ticket> tickets() {
    return byTenant.values().stream().flatMap(Collection::stream);
  }
}
