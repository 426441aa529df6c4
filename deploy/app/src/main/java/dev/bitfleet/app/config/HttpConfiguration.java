package dev.bitfleet.app.config;

import java.time.Duration;
import java.util.List;

/**
 * The API's side of the gateway.
 *
 * @param port 0 for any free one
 * @param corsOrigins {@code *} among them means any
 * @param maxHeaders all headers of one request together
 */
public record HttpConfiguration(
    String host,
    int port,
    boolean allowUnauthenticated,
    List<String> corsOrigins,
    DataSize maxBody,
    DataSize maxHeaders,
    Duration idleTimeout) {
  public HttpConfiguration {
    corsOrigins = List.copyOf(corsOrigins);
  }
}
