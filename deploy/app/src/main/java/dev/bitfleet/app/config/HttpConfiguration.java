package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The API's side of the gateway.
 *
 * @param port 0 for any free one
 * @param keyFile of the API keys; empty when nobody is asked for one
 * @param allowedHosts names it answers to; empty: decide by the host
 * @param corsOrigins exact ones, {@code loopback} (any port of this machine) or {@code *}
 * @param maxHeaders all headers of one request together
 * @param clientTimeout longest a client may stand still over its request or leave its answer unread
 * @param streamGrace how long a stored response stream goes on without its client
 * @param refuseWith422 whether bad bodies are 422 on the two routes whose first servers did so
 * @param unknownModel on OpenAI's routes; the older ones always answer
 * @param showSlots whether {@code /slots} answers
 */
public record HttpConfiguration(
    String host,
    int port,
    boolean allowUnauthenticated,
    Optional<Path> keyFile,
    Optional<List<String>> allowedHosts,
    List<String> corsOrigins,
    DataSize maxBody,
    DataSize maxHeaders,
    Duration clientTimeout,
    Duration streamGrace,
    boolean refuseWith422,
    UnknownModel unknownModel,
    boolean showSlots) {
  public HttpConfiguration {
    corsOrigins = List.copyOf(corsOrigins);
  }
}
