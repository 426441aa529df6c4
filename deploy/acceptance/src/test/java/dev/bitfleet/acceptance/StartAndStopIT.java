package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How it comes up, how it goes down, and what it says when it cannot. */
class StartAndStopIT {
  @TempDir Path folder;

  @Test
  void sigterm_lets_a_running_stream_end_and_exits_with_0() throws Exception {
    Path model = SlowModel.in(folder);
    try (var bitfleet = BitfleetProcess.start(folder, model.toString(), "--ctx-size", "2048")) {
      var chat = new Chat(bitfleet);
      try (Chat.Stream stream = chat.stream("/v1/completions", completion(150))) {
        assertThat(Chat.text(stream.firstText())).isNotEmpty();

        bitfleet.terminate();

        Await.until(
            "it says that it takes no more",
            Duration.ofSeconds(5),
            () -> bitfleet.out().stream().anyMatch(line -> line.startsWith("Stopping")));
        List<String> rest = stream.rest();
        assertThat(rest.getLast()).isEqualTo("[DONE]");
        assertThat(rest).anyMatch(event -> event.contains("\"finish_reason\":\"length\""));
      }
      assertThat(bitfleet.awaitExit(Duration.ofSeconds(20))).as(bitfleet.describe()).isZero();
    }
  }

  @Test
  void ctrl_c_in_a_terminal_reaches_the_jvm_alone_and_lets_streams_end_too() throws Exception {
    Path model = SlowModel.in(folder);
    // A group of its own, as a shell gives it: the signal goes to all who are in it.
    var command = new ArrayList<>(List.of("setsid"));
    command.addAll(
        Installation.command(
            List.of(
                "serve",
                model.toString(),
                "--port",
                "0",
                "--management-port",
                "0",
                "--data-dir",
                folder.resolve("data").toString())));
    try (var bitfleet = BitfleetProcess.start(folder, command)) {
      var chat = new Chat(bitfleet);
      try (Chat.Stream stream = chat.stream("/v1/completions", completion(150))) {
        assertThat(Chat.text(stream.firstText())).isNotEmpty();
        Exit kill =
            Exit.of(
                folder,
                Map.of(),
                Duration.ofSeconds(5),
                List.of("kill", "-INT", "--", "-" + bitfleet.pid()));
        assertThat(kill.status()).as(kill.err()).isZero();
        assertThat(stream.rest().getLast()).isEqualTo("[DONE]");
      }
      assertThat(bitfleet.awaitExit(Duration.ofSeconds(20))).as(bitfleet.describe()).isZero();
    }
  }

  @Test
  void a_stream_longer_than_the_drain_time_is_cut_with_an_error_and_the_exit_code_tells()
      throws Exception {
    Path model = SlowModel.in(folder);
    try (var bitfleet =
        BitfleetProcess.start(
            folder, model.toString(), "--ctx-size", "16384", "--drain-timeout", "500ms")) {
      var chat = new Chat(bitfleet);
      try (Chat.Stream stream = chat.stream("/v1/completions", completion(16_000))) {
        assertThat(Chat.text(stream.firstText())).isNotEmpty();
        bitfleet.terminate();
        assertThat(stream.rest()).doesNotContain("[DONE]");
      }
      assertThat(bitfleet.awaitExit(Duration.ofSeconds(15))).as(bitfleet.describe()).isEqualTo(143);
    }
  }

  @Test
  void an_idle_one_stops_at_once_and_leaves_no_engine_behind() throws Exception {
    try (var bitfleet = BitfleetProcess.start(folder)) {
      ProcessHandle engine = ProcessHandle.of(bitfleet.enginePid()).orElseThrow();

      bitfleet.terminate();

      assertThat(bitfleet.awaitExit(Duration.ofSeconds(5))).as(bitfleet.describe()).isZero();
      assertThat(engine.isAlive()).isFalse();
      assertThat(bitfleet.log()).doesNotContain("ERROR");
    }
  }

  @Test
  void an_engine_dies_with_a_jvm_that_was_killed() throws Exception {
    try (var bitfleet = BitfleetProcess.start(folder)) {
      ProcessHandle engine = ProcessHandle.of(bitfleet.enginePid()).orElseThrow();
      assertThat(engine.isAlive()).isTrue();

      bitfleet.kill();

      engine.onExit().get(5, TimeUnit.SECONDS);
      assertThat(engine.isAlive()).isFalse();
    }
  }

  @Test
  void two_run_side_by_side_on_one_data_folder() throws Exception {
    CompletableFuture<BitfleetProcess> other =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return BitfleetProcess.start(folder);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    try (var one = BitfleetProcess.start(folder);
        var two = other.get(60, TimeUnit.SECONDS)) {
      assertThat(new Chat(one).ask("Hello")).isEqualTo(new Chat(two).ask("Hello"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--port", "--management-port"})
  void a_port_in_use_is_said_plainly(String flag) throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      var arguments =
          new ArrayList<>(List.of("serve", "--data-dir", folder.resolve("data").toString()));
      for (String each : List.of("--port", "--management-port")) {
        arguments.add(each);
        arguments.add(each.equals(flag) ? String.valueOf(taken.getLocalPort()) : "0");
      }
      Exit exit = Exit.ofBitfleet(folder, arguments.toArray(String[]::new));

      assertThat(exit.status()).as(exit.err()).isEqualTo(69);
      assertThat(exit.err())
          .contains("cannot listen on")
          .contains(":" + taken.getLocalPort())
          .doesNotContain("\tat ");
    }
  }

  @Test
  void a_broken_model_file_is_refused_within_five_seconds_with_its_reason() throws Exception {
    Path demo = bundledDemo();
    byte[] whole = Files.readAllBytes(demo);
    Path cut = folder.resolve("cut.gguf");
    Files.write(cut, java.util.Arrays.copyOf(whole, whole.length / 2));
    Path noise = Files.writeString(folder.resolve("noise.gguf"), "this is no model");

    Duration startOfAJvm = bitfleet("version", new String[0]).took();
    for (Path broken : List.of(cut, noise)) {
      Exit exit = serve(broken.toString());
      assertThat(exit.status()).as(exit.err()).isEqualTo(65);
      assertThat(exit.took()).isLessThan(startOfAJvm.plusSeconds(5));
      assertThat(exit.err().lines().filter(line -> line.startsWith("bitfleet: "))).hasSize(1);
    }
  }

  @Test
  void a_model_that_is_not_there_is_answered_with_what_there_is() throws Exception {
    Files.createDirectories(folder.resolve("models"));
    Files.writeString(folder.resolve("models/falcon.gguf"), "");

    Exit exit = serve("flacon", "--model-home", folder.resolve("models").toString());

    assertThat(exit.status()).isEqualTo(66);
    assertThat(exit.err()).contains("there is no model 'flacon'").contains("falcon");
  }

  @Test
  void a_wrong_configuration_is_told_all_at_once() throws Exception {
    Path file = Files.writeString(folder.resolve("b.yaml"), "prot: 1\nslots: many\n");

    Exit exit = serve("--config", file.toString(), "--host", "0.0.0.0");

    assertThat(exit.status()).isEqualTo(78);
    assertThat(exit.err())
        .contains("b.yaml:1: unknown setting 'prot'; did you mean 'port'?")
        .contains("b.yaml:2: slots: 'many' is not a whole number")
        .contains("--host: host: 0.0.0.0 reaches beyond this machine")
        .contains("--allow-unauthenticated");
  }

  @Test
  void beyond_loopback_is_served_once_it_was_said_to_be_meant() throws Exception {
    try (var bitfleet =
        BitfleetProcess.start(folder, "--host", "0.0.0.0", "--allow-unauthenticated")) {
      assertThat(new Chat(bitfleet).get("/health").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void doctor_finds_this_machine_fit_and_says_so_for_people_and_for_programs() throws Exception {
    String[] common = {"--port", "0", "--management-port", "0", "--data-dir", folder + "/data"};
    Exit text = bitfleet("doctor", common);
    Exit json = bitfleet("doctor", "--json", common);

    assertThat(text.status()).as(text.out() + text.err()).isZero();
    assertThat(text.out())
        .contains("cores")
        .contains("self-test computed")
        .contains("Ready to serve");
    JsonNode report = JsonMapper.shared().readTree(json.out());
    assertThat(report.get("serves").asBoolean()).isTrue();
    assertThat(report.get("findings").size()).isGreaterThan(8);
  }

  @Test
  void doctor_exits_with_1_when_something_blocks() throws Exception {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Exit exit =
          bitfleet(
              "doctor",
              new String[] {
                "--port", String.valueOf(taken.getLocalPort()), "--data-dir", folder + "/data"
              });
      assertThat(exit.status()).isEqualTo(1);
      assertThat(exit.out()).contains("BLOCKS").contains("choose another with --port");
    }
  }

  @Test
  void version_names_build_jvm_and_engine() throws Exception {
    Exit exit =
        Exit.of(
            folder,
            Map.of("BITFLEET_DATA_DIR", folder.resolve("data").toString()),
            Duration.ofSeconds(30),
            Installation.command(List.of("version")));

    assertThat(exit.status()).isZero();
    assertThat(exit.out()).contains("bitfleet  0.1.0", "jvm ", "engine    bitfleet-engine 0.1.0");
  }

  @Test
  void the_launcher_starts_the_jar_with_the_flags_these_tests_use() throws Exception {
    String launcher =
        Files.readString(Installation.repository().resolve("bitfleet")).replace("\\\n", " ");
    String command =
        launcher
            .lines()
            .map(String::strip)
            .filter(line -> line.startsWith("exec \"$found/bin/java\""))
            .findFirst()
            .orElseThrow();

    assertThat(List.of(command.split("\\s+", -1)))
        .filteredOn(word -> word.startsWith("-"))
        .containsExactlyInAnyOrderElementsOf(Installation.JVM_FLAGS);
  }

  private Exit serve(String... arguments) throws Exception {
    var all = new ArrayList<String>(List.of(arguments));
    all.addAll(List.of("--port", "0", "--management-port", "0", "--data-dir", folder + "/data"));
    return bitfleet("serve", all.toArray(String[]::new));
  }

  private Exit bitfleet(String command, String flag, String[] arguments) throws Exception {
    var all = new ArrayList<String>(List.of(flag));
    all.addAll(List.of(arguments));
    return bitfleet(command, all.toArray(String[]::new));
  }

  private Exit bitfleet(String command, String[] arguments) throws Exception {
    var all = new ArrayList<String>(List.of(command.toLowerCase(Locale.ROOT)));
    all.addAll(List.of(arguments));
    return Exit.ofBitfleet(folder, all.toArray(String[]::new));
  }

  /** The demo as a file: doctor unpacks it. */
  private Path bundledDemo() throws Exception {
    bitfleet(
        "doctor",
        new String[] {"--port", "0", "--management-port", "0", "--data-dir", folder + "/data"});
    try (var files = Files.walk(folder.resolve("data/bundled"))) {
      return files.filter(file -> file.toString().endsWith(".gguf")).findFirst().orElseThrow();
    }
  }

  private static tools.jackson.databind.node.ObjectNode completion(int tokens) {
    return JsonMapper.shared()
        .createObjectNode()
        .put("prompt", "Once upon a time")
        .put("max_tokens", tokens)
        .put("temperature", 0)
        .put("ignore_eos", true);
  }
}
