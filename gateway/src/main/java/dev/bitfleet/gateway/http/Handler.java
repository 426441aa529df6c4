package dev.bitfleet.gateway.http;

/** Carries out an operation. Called on the event loop, once for each exchange. */
@FunctionalInterface
public interface Handler {

  /**
   * Answers the exchange, now or later. What it throws becomes the answer: see {@link
   * Exchange#fail}.
   *
   * @param body JSON text as it came, not checked yet; empty when there is none
   */
  void handle(Exchange exchange, byte[] body);
}
