package dev.bitfleet.gateway.admission;

/** What became of a ticket. */
public sealed interface Decision {
  Ticket ticket();

  /** It has a slot of that model. */
  record Admitted(Ticket ticket, String model, long waitedNanos) implements Decision {}

  /** It waited as long as it may. */
  record Expired(Ticket ticket) implements Decision {}

  /** No worker was ready for it as long as it may wait for one. */
  record Unserved(Ticket ticket, boolean everServed) implements Decision {}

  /** Nobody serves that model. */
  record UnknownModel(Ticket ticket) implements Decision {}
}
