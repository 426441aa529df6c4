package dev.bitfleet.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bitfleet.app.cli.ExitCode;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.ServeConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemdUnitTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("bitfleet.repository"), "deploy/systemd");
  private static final Path ANALYZE = Path.of("/usr/bin/systemd-analyze");

  @TempDir Path folder;

  @Test
  void systemd_finds_nothing_wrong_with_the_unit() throws Exception {
    assumeTrue(
        Files.isExecutable(ANALYZE) || System.getenv("CI") != null,
        "systemd-analyze is not installed (apt-get install systemd)");
    Path unit = folder.resolve("bitfleet.service");
    // The program of the unit is not installed here; any that exists will do.
    Files.writeString(
        unit,
        Files.readString(FOLDER.resolve("bitfleet.service"))
            .replace("ExecStart=/usr/local/lib/bitfleet/bitfleet ", "ExecStart=/bin/true "));

    Process process =
        new ProcessBuilder(ANALYZE.toString(), "verify", "--man=no", unit.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes());

    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(output.lines().filter(line -> line.contains("bitfleet.service"))).isEmpty();
    assertThat(process.exitValue()).as(output).isZero();
  }

  @Test
  void its_exit_codes_are_those_of_the_commands() throws Exception {
    assertThat(values("RestartPreventExitStatus"))
        .containsExactlyInAnyOrder(
            String.valueOf(ExitCode.USAGE.number()),
            String.valueOf(ExitCode.BAD_MODEL.number()),
            String.valueOf(ExitCode.NO_MODEL.number()),
            String.valueOf(ExitCode.CONFIGURATION.number()));
    assertThat(values("SuccessExitStatus"))
        .containsExactly(String.valueOf(ExitCode.CUT_SHORT.number()));
  }

  @Test
  void it_waits_longer_for_the_end_than_streams_may_take() throws Exception {
    long patience = Long.parseLong(values("TimeoutStopSec").getFirst());

    assertThat(Duration.ofSeconds(patience)).isGreaterThan(shipped().drainTimeout().plusSeconds(5));
  }

  @Test
  void the_configuration_beside_it_is_the_defaults() throws Exception {
    assertThat(shipped())
        .isEqualTo(
            new ConfigurationLoader(Map.of(), folder, folder).load(Optional.empty(), Map.of()));
  }

  @Test
  void what_the_configuration_shows_commented_out_is_right_too() throws Exception {
    String uncommented =
        Files.readString(FOLDER.resolve("bitfleet.yaml")).replaceAll("(?m)^#(?=[a-z])", "");
    Path file = Files.writeString(folder.resolve("all.yaml"), uncommented);

    ServeConfiguration read =
        new ConfigurationLoader(Map.of(), folder, folder)
            .load(Optional.of(file.toString()), Map.of());

    assertThat(read.model().wishes().getFirst().model()).contains("bitfleet-demo");
    assertThat(read.http()).isEqualTo(shipped().http());
    assertThat(read.management()).isEqualTo(shipped().management());
    assertThat(read.admission()).isEqualTo(shipped().admission());
    assertThat(read.worker()).isEqualTo(shipped().worker());
    assertThat(read.drainTimeout()).isEqualTo(shipped().drainTimeout());
  }

  private ServeConfiguration shipped() throws Exception {
    return new ConfigurationLoader(Map.of(), folder, folder)
        .load(Optional.of(FOLDER.resolve("bitfleet.yaml").toString()), Map.of());
  }

  private static List<String> values(String directive) throws Exception {
    return Files.readAllLines(FOLDER.resolve("bitfleet.service")).stream()
        .filter(line -> line.startsWith(directive + "="))
        .map(line -> line.substring(directive.length() + 1))
        .flatMap(value -> List.of(value.split(" ", -1)).stream())
        .toList();
  }
}
