package dev.bitfleet.app.deployment;

import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.ServeConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What Bitfleet makes of the environment that a file of {@code deploy} gives it. */
final class Settled {
  /** What stopping takes beside draining: the engines' end and the store's. */
  static final Duration TO_STOP = Duration.ofSeconds(5);

  private Settled() {}

  /**
   * Reads it as the server does, so that an unknown or impossible setting is an error.
   *
   * @param folder for the secret, which is not where the file says; nor does the node's name
   *     resolve here
   */
  static ServeConfiguration of(Map<String, String> environment, Path folder) throws Exception {
    var settled = new HashMap<>(environment);
    settled.replace("BITFLEET_CLUSTER_HOST", "10.1.2.3");
    Path secret =
        Files.writeString(folder.resolve("secret"), "a secret of more than 16 characters");
    settled.replace("BITFLEET_CLUSTER_SECRET_FILE", secret.toString());
    settled.replace("BITFLEET_API_KEYS", Files.writeString(folder.resolve("keys"), "").toString());
    return new ConfigurationLoader(settled, folder, folder).load(Optional.empty(), Map.of());
  }

  /** How long it takes from SIGTERM to its end at most. */
  static Duration stopping(ServeConfiguration configuration) {
    return configuration.drainDelay().plus(configuration.drainTimeout()).plus(TO_STOP);
  }
}
