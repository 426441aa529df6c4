package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import java.util.Optional;

/**
 * {@code POST /v1/responses/compact}, which OpenAI answers with a context that only its own models
 * read. Here it is told what serves the same end. A 400, because SDKs try a 501 again.
 */
final class CompactResponse implements Handler {
  private static final ApiError UNAVAILABLE =
      ApiError.invalid(
          400,
          "unsupported_operation",
          Optional.empty(),
          "Contexts are not compacted here. Send \"truncation\": \"auto\" with the response: the"
              + " oldest turns go when the context is full.");

  @Override
  public void handle(Exchange exchange, byte[] body) {
    exchange.error(UNAVAILABLE);
  }
}
