package dev.bitfleet.gateway.admission;

import java.util.List;

/**
 * What came of asking for a place in the queue.
 *
 * @param tickets one for each choice; none when there was no room
 * @param displaced tickets of those who had most places, which are now given up for it
 */
public record Entry(List<Ticket> tickets, List<Ticket> displaced) {
  static final Entry REFUSED = new Entry(List.of(), List.of());

  public Entry {
    tickets = List.copyOf(tickets);
    displaced = List.copyOf(displaced);
  }

  public boolean refused() {
    return tickets.isEmpty();
  }
}
