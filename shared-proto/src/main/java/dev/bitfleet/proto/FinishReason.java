package dev.bitfleet.proto;

/** Why a completion ended in good order. */
public enum FinishReason {
  /** The model ended it. */
  STOP_TOKEN,
  /** A text of the caller's was about to appear. */
  STOP_STRING,
  /** The token limit or the context was reached. */
  LENGTH,
  /** The caller left. */
  CANCELLED
}
