package dev.bitfleet.worker;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a worker's model is offered to clients.
 *
 * @param aliases other ids it answers to, where nobody has them as their own
 * @param rank of the models a request may mean that names none, the lowest serves it
 * @param keepAlive after its last stream the engine is stopped so much later, until somebody asks
 *     again; empty = never
 * @param withheld whether it is offered only when a call says so
 */
public record Offer(
    List<String> aliases, int rank, Optional<Duration> keepAlive, boolean withheld) {
  /** By its id, first, for ever. */
  public static final Offer PLAIN = new Offer(List.of(), 0, Optional.empty());

  /** One from the start on. */
  public Offer(List<String> aliases, int rank, Optional<Duration> keepAlive) {
    this(aliases, rank, keepAlive, false);
  }

  public Offer {
    aliases = List.copyOf(aliases);
    if (rank < 0) {
      throw new IllegalArgumentException("a rank is not negative: " + rank);
    }
  }
}
