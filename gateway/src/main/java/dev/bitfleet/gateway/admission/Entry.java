package dev.bitfleet.gateway.admission;

import java.util.List;

/**
 * What came of asking for a place in the queue.
 *
 * @param tickets one for each choice; none when there was no room
 * @param displaced tickets of those who had most places, which are now given up for it
 * @param late none because their turn would have come too late
 */
public record Entry(List<Ticket> tickets, List<Ticket> displaced, boolean late) {
  static final Entry REFUSED = new Entry(List.of(), List.of(), false);
  static final Entry LATE = new Entry(List.of(), List.of(), true);

  public Entry {
    tickets = List.copyOf(tickets);
    displaced = List.copyOf(displaced);
  }

  public boolean refused() {
    return tickets.isEmpty();
  }
}
