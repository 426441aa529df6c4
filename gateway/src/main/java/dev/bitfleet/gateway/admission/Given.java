package dev.bitfleet.gateway.admission;

import java.util.HashMap;
import java.util.Map;

/**
 * The slots of one model that are given out, to whom, whose turn it has long been, and who was left
 * without one.
 */
final class Given {
  /** So many of the others go before one of the background that waits. */
  static final int MOST_PASSED = 7;

  private int interactive;
  private int background;

  /** Others that were given a slot since the background last was, while it waited. */
  private int passed;

  private final Map<Long, Integer> byTenant = new HashMap<>();

  /** Of those that somebody waits for; the background has time. */
  private final Pace pace = new Pace();

  private Map<Long, Long> left = Map.of();

  void give(Ticket ticket, boolean backgroundWaits) {
    byTenant.merge(ticket.tenant(), 1, Integer::sum);
    switch (ticket.priority()) {
      case INTERACTIVE -> {
        interactive++;
        pace.admitted();
        passed = backgroundWaits ? passed + 1 : 0;
      }
      case BACKGROUND -> {
        background++;
        passed = 0;
      }
    }
  }

  void takeBack(Ticket ticket) {
    byTenant.computeIfPresent(ticket.tenant(), (tenant, held) -> held > 1 ? held - 1 : null);
    switch (ticket.priority()) {
      case INTERACTIVE -> interactive--;
      case BACKGROUND -> background--;
    }
  }

  /**
   * @param tickets of those left without a slot that somebody waits for, by tenant
   */
  void leaves(Map<Long, Long> tickets, long now) {
    left = tickets;
    pace.waits(!tickets.isEmpty(), now);
  }

  /**
   * Whether one more of a tenant is likely to have its turn in time. Tenants take turns, so one
   * that has few places is before those of others that have many.
   */
  boolean inTime(long tenant, int slots, long patienceNanos, long now) {
    long all = left.values().stream().mapToLong(Long::longValue).sum() + 1;
    long tenants = left.size() + (left.containsKey(tenant) ? 0 : 1);
    long place = Math.min(all, (left.getOrDefault(tenant, 0L) + 1) * tenants);
    return place <= pace.placesWithin(patienceNanos, slots, now);
  }

  int all() {
    return interactive + background;
  }

  /** Slots that a tenant has. */
  int of(long tenant) {
    return byTenant.getOrDefault(tenant, 0);
  }

  /** Whether the background may hold one more of so many slots: it leaves one to the others. */
  boolean backgroundMay(int slots) {
    return background < Math.max(1, slots - 1);
  }

  boolean backgroundIsDue() {
    return passed >= MOST_PASSED;
  }
}
