package dev.bitfleet.app.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bitfleet.app.cli.ExitCode;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.ServeConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemdUnitTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("bitfleet.repository"), "deploy/systemd");
  private static final Path ANALYZE = Path.of("/usr/bin/systemd-analyze");

  @TempDir Path folder;

  @Test
  void systemd_finds_nothing_wrong_with_the_unit() throws Exception {
    assertThat(complaints("bitfleet.service")).isEmpty();
  }

  @Test
  void systemd_finds_nothing_wrong_with_a_node_of_a_fleet() throws Exception {
    assertThat(complaints("bitfleet.service", "fleet.conf")).isEmpty();
  }

  @Test
  void systemd_would_find_what_is_wrong_with_a_drop_in() throws Exception {
    Files.createDirectories(folder.resolve("bitfleet.service.d"));
    Files.writeString(
        folder.resolve("bitfleet.service.d/wrong.conf"), "[Service]\nTimeoutStopSex=1\n");

    assertThat(complaints("bitfleet.service")).contains("TimeoutStopSex");
  }

  /** What systemd has to say about the unit with those drop-ins. */
  private String complaints(String service, String... dropIns) throws Exception {
    assumeTrue(
        Files.isExecutable(ANALYZE) || System.getenv("CI") != null,
        "systemd-analyze is not installed (apt-get install systemd)");
    Path unit = copy(service, folder.resolve(service));
    Path beside = Files.createDirectories(folder.resolve(service + ".d"));
    for (String dropIn : dropIns) {
      copy(dropIn, beside.resolve(dropIn));
    }
    Process process =
        new ProcessBuilder(ANALYZE.toString(), "verify", "--man=no", unit.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    // It may have something to say of other units of this machine.
    String ours =
        output
            .lines()
            .filter(line -> line.contains("bitfleet.service"))
            .collect(Collectors.joining("\n"));
    assertThat(process.exitValue() == 0 || !ours.isEmpty()).as(output).isTrue();
    return ours;
  }

  /** The program of the unit is not installed here; any that exists will do. */
  private static Path copy(String name, Path to) throws Exception {
    return Files.writeString(
        to,
        Files.readString(FOLDER.resolve(name))
            .replace("ExecStart=/usr/local/lib/bitfleet/bitfleet ", "ExecStart=/bin/true "));
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
  void a_node_of_a_fleet_has_settings_that_hold_a_role_and_time_to_drain() throws Exception {
    Map<String, String> environment = fleetEnvironment();
    String role = environment.remove("NODE_ROLE");
    environment.put("BITFLEET_CLUSTER_SECRET_FILE", "%d/cluster-secret");
    ServeConfiguration node = Settled.of(environment, folder);

    assertThat(role).isIn("serve", "gateway", "worker");
    assertThat(node.cluster().orElseThrow().join())
        .contains(fleetEnvironment().get("BITFLEET_CLUSTER_HOST"));
    assertThat(
            Duration.ofSeconds(Long.parseLong(valuesOf("fleet.conf", "TimeoutStopSec").getFirst())))
        .isGreaterThan(Settled.stopping(node));
    assertThat(node.drainDelay()).isGreaterThan(HaproxyFile.read().noticesWithin().plusSeconds(1));
  }

  @Test
  void the_secret_is_handed_over_where_the_node_looks_for_it() throws Exception {
    String name = valuesOf("fleet.conf", "LoadCredential").getFirst().split(":", -1)[0];

    assertThat(valuesOf("fleet.conf", "Environment"))
        .containsExactly("BITFLEET_CLUSTER_SECRET_FILE=%d/" + name);
    assertThat(valuesOf("fleet.conf", "EnvironmentFile"))
        .containsExactly("/etc/bitfleet/fleet.env");
  }

  private static Map<String, String> fleetEnvironment() throws Exception {
    var environment = new HashMap<String, String>();
    for (String line : Files.readAllLines(FOLDER.resolve("fleet.env"))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] parts = line.split("=", 2);
        environment.put(parts[0], parts[1]);
      }
    }
    return environment;
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
    return valuesOf("bitfleet.service", directive);
  }

  private static List<String> valuesOf(String file, String directive) throws Exception {
    return Files.readAllLines(FOLDER.resolve(file)).stream()
        .filter(line -> line.startsWith(directive + "="))
        .map(line -> line.substring(directive.length() + 1))
        .flatMap(value -> List.of(value.split(" ", -1)).stream())
        .toList();
  }
}
