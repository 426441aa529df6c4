package dev.bitfleet.app.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.bitfleet.app.config.ClusterConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of a node that cannot be used are refused in words that name the setting. */
class NodeFilesTest {
  @TempDir Path folder;
  private Path none;
  private Path bytes;

  @BeforeEach
  void make_files() throws Exception {
    none = folder.resolve("none");
    bytes = Files.write(folder.resolve("bytes"), new byte[] {(byte) 0xff, 1, 2, 3});
  }

  private static ClusterException refusal(Path secret) {
    return catchThrowableOfType(
        ClusterException.class,
        () ->
            ClusterName.of(
                new ClusterConfiguration(
                    "127.0.0.1",
                    7800,
                    List.of(),
                    Optional.empty(),
                    "fleet",
                    Optional.of(secret),
                    Optional.empty(),
                    Duration.ofSeconds(1))));
  }

  @Test
  void a_secret_that_cannot_be_read_is_refused() {
    assertThat(refusal(none))
        .hasMessage("cluster-secret-file: " + none + " cannot be read: there is no such file");
    assertThat(refusal(bytes))
        .hasMessage("cluster-secret-file: " + bytes + " cannot be read: it is no text");
    assertThat(refusal(folder)).hasMessage("cluster-secret-file: " + folder + " is a folder");
  }

  private static ClusterException refusal(Path certificate, Path key) {
    return catchThrowableOfType(
        ClusterException.class,
        () -> BusFiles.check(new ClusterConfiguration.Tls(certificate, key, certificate)));
  }

  @Test
  void a_certificate_that_is_none_is_refused() {
    assertThat(refusal(none, none))
        .hasMessage("cluster-tls-cert: " + none + " cannot be read: there is no such file");
    assertThat(refusal(bytes, none))
        .hasMessage("cluster-tls-cert: there is no PEM certificate in " + bytes);
  }

  @Test
  void a_name_that_cannot_be_kept_is_refused() {
    assertThatThrownBy(() -> NodeIdentity.in(bytes))
        .isInstanceOf(ClusterException.class)
        .hasMessage(
            "data-dir: the node's name cannot be read from %s: not a directory",
            bytes.resolve("node-id"));
  }
}
