package dev.bitfleet.gateway.http;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * The answer of an {@link ExtraRoute}.
 *
 * @param status of HTTP, 200 to 599
 * @param body not copied
 */
@SuppressWarnings("ArrayRecordComponent") // a body is handed over, never compared
public record RouteAnswer(int status, String contentType, byte[] body) {
  public RouteAnswer {
    Objects.requireNonNull(contentType);
    Objects.requireNonNull(body);
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException("not a status: " + status);
    }
  }

  /** JSON text. */
  public static RouteAnswer json(int status, String json) {
    return new RouteAnswer(status, "application/json", json.getBytes(StandardCharsets.UTF_8));
  }

  /** Plain text. */
  public static RouteAnswer text(int status, String text) {
    return new RouteAnswer(
        status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
  }
}
