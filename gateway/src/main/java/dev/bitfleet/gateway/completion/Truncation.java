package dev.bitfleet.gateway.completion;

/** What becomes of a chat that is longer than the context. */
public enum Truncation {
  /** It is refused. */
  DISABLED,
  /** Its oldest turns go, as many as have to. */
  AUTO
}
