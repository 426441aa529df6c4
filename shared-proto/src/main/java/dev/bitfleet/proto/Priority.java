package dev.bitfleet.proto;

/** Who goes first where there is not room for all. It changes when tokens come, never which. */
public enum Priority {
  /** Somebody waits for it. */
  INTERACTIVE,
  /** Gets what the others leave over, though never nothing. */
  BACKGROUND
}
