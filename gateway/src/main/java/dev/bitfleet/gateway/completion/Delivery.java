package dev.bitfleet.gateway.completion;

/** How an answer reaches the client; it decides what may be done when a stream breaks. */
public enum Delivery {
  /** At once, at the end. Until then nothing has reached the client, so it may begin anew. */
  WHOLE,
  /** Piece by piece. What was sent cannot be taken back. */
  STREAMED
}
