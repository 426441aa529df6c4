package dev.bitfleet.acceptance.history;

import java.util.List;

/**
 * A conversation as a node showed it.
 *
 * @param asked when it was asked for, by the clock of {@link Said}
 * @param side as in {@link Said}
 * @param labels of its turns, in order
 */
public record Seen(String node, String conversation, long asked, String side, List<String> labels) {
  public Seen {
    labels = List.copyOf(labels);
  }
}
