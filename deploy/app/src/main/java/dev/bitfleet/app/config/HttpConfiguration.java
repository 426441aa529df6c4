package dev.bitfleet.app.config;

import java.time.Duration;
import java.util.List;

/**
 * The API's side of the gateway.
 *
 * @param port 0 for any free one
 * @param corsOrigins exact ones, {@code loopback} (any port of this machine) or {@code *}
 * @param maxHeaders all headers of one request together
 * @param clientTimeout longest a client may stand still over its request or leave its answer unread
 */
public record HttpConfiguration(
    String host,
    int port,
    boolean allowUnauthenticated,
    List<String> corsOrigins,
    DataSize maxBody,
    DataSize maxHeaders,
    Duration clientTimeout) {
  public HttpConfiguration {
    corsOrigins = List.copyOf(corsOrigins);
  }
}
