package dev.bitfleet.gateway.http;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request for an {@link ExtraRoute}.
 *
 * @param query by name, decoded
 * @param headers by name in lower case; without the caller's key
 * @param body as it came; empty when there is none. Not copied.
 * @param tenant of the caller's key; empty when the server asks for none
 */
@SuppressWarnings("ArrayRecordComponent") // a body is handed over, never compared
public record RouteRequest(
    Map<String, List<String>> query,
    Map<String, List<String>> headers,
    byte[] body,
    String tenant) {
  public RouteRequest {
    query = Map.copyOf(query);
    headers = Map.copyOf(headers);
  }

  /** The first value of a header. */
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name)).map(List::getFirst);
  }
}
