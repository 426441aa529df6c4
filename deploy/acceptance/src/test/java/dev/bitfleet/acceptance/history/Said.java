package dev.bitfleet.acceptance.history;

import java.util.OptionalLong;

/**
 * One turn that a client said. Times are of one clock, in nanoseconds.
 *
 * @param label found again in the conversation; no two turns have the same
 * @param invoked when it was first sent
 * @param acknowledged when a node said that it is kept; empty when none did
 * @param side of a split fleet on which that was; empty when the fleet was whole all the while
 */
public record Said(
    String conversation, String label, long invoked, OptionalLong acknowledged, String side) {

  /** Whether this one had been acknowledged before the other was sent. */
  boolean precedes(Said other) {
    return acknowledged.isPresent()
        && acknowledged.getAsLong() < other.invoked
        && visible(side, other.side);
  }

  /** Whether what was kept on one side could be known on the other. */
  static boolean visible(String side, String other) {
    return side.isEmpty() || side.equals(other);
  }
}
