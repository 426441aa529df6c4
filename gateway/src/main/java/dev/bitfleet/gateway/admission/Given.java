package dev.bitfleet.gateway.admission;

import java.util.HashMap;
import java.util.Map;

/** The slots of one model that are given out, to whom, and whose turn it has long been. */
final class Given {
  /** So many of the others go before one of the background that waits. */
  static final int MOST_PASSED = 7;

  private int interactive;
  private int background;

  /** Others that were given a slot since the background last was, while it waited. */
  private int passed;

  private final Map<Long, Integer> byTenant = new HashMap<>();

  void give(Ticket ticket, boolean backgroundWaits) {
    byTenant.merge(ticket.tenant(), 1, Integer::sum);
    switch (ticket.priority()) {
      case INTERACTIVE -> {
        interactive++;
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
