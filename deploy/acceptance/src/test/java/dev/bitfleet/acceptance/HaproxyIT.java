package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * A fleet behind the real HAProxy, with the configuration that is shipped. {@code
 * -Dbitfleet.rolling.rounds=N} restarts every node N times in place of once. The last test kills a
 * node.
 */
@Tag("alone")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class HaproxyIT {
  private static final int NODES = 2;

  /** Short enough for a test to be longer than it; a stream says something every ten seconds. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(12);

  /** Tokens of a sequence. */
  private static final int CONTEXT = 32_768;

  /** Words of a prompt that leave room for those of which one is two tokens. */
  private static final int MOST_WORDS = CONTEXT / 2;

  /** Words of a prompt that tells how fast this machine reads. */
  private static final int PROBE = 800;

  private static final Pattern LOGGED =
      Pattern.compile(" nodes/\\S+ \\S+ (?<status>-?\\d+) \\d+ \\S+ \\S+ (?<end>\\S{4}) ");

  @TempDir static Path folder;
  private static Nodes nodes;
  private static List<Integer> ports;
  private static Path model;
  private static HaproxyProcess haproxy;
  private static final List<BitfleetProcess> RUNNING = new ArrayList<>();

  @BeforeAll
  static void a_fleet() throws Exception {
    assumeTrue(
        HaproxyProcess.isInstalled() || System.getenv("CI") != null,
        "haproxy is not installed (apt-get install haproxy)");
    model = SlowModel.in(folder, CONTEXT);
    nodes = new Nodes(folder, NODES);
    ports = Ports.free(NODES);
    for (int i = 0; i < NODES; i++) {
      RUNNING.add(start(i));
    }
    haproxy = HaproxyProcess.start(folder, ports, Map.of());
    haproxy.awaitHealthy(NODES);
  }

  @AfterAll
  static void end() {
    if (haproxy != null) {
      haproxy.close();
    }
    if (nodes != null) {
      nodes.close();
    }
  }

  private static BitfleetProcess start(int node) throws Exception {
    return nodes.serve(
        node,
        ports.get(node),
        model.toString(),
        "--threads",
        "1",
        "--ctx-size",
        String.valueOf(CONTEXT),
        "--kv-memory",
        "1GiB",
        "--drain-delay",
        "3s",
        "--drain-timeout",
        "60s");
  }

  private static Load load() throws Exception {
    return new Load(new Chat(RUNNING.getFirst()), haproxy.api(), 60);
  }

  @Test
  @Order(1)
  void requests_spread_over_the_nodes() throws Exception {
    try (Load load = load().shortOnes(4)) {
      Await.until("some requests", Duration.ofSeconds(30), () -> load.requests() >= 20);
      load.finish();

      assertThat(load.failures()).isEmpty();
      assertThat(haproxy.requestsOfNodes()).hasSize(NODES).allMatch(requests -> requests > 0);
    }
  }

  @Test
  @Order(2)
  void a_stream_outlives_a_silence_longer_than_the_timeout_for_answers() throws Exception {
    try (var impatient =
        HaproxyProcess.start(
            folder, ports, Map.of("FLEET_ANSWER_TIMEOUT", ANSWER_TIMEOUT.toSeconds() + "s"))) {
      impatient.awaitHealthy(NODES);
      var chat = new Chat(impatient.api());
      int words = wordsFor(ANSWER_TIMEOUT.plusSeconds(2), chat);
      Duration silence = untilText(chat, words);
      // Whoever else uses this machine may have made the probes seem long.
      while (silence.compareTo(ANSWER_TIMEOUT) <= 0 && words < MOST_WORDS) {
        words = Math.min(words * 3 / 2, MOST_WORDS);
        silence = untilText(chat, words);
      }

      assertThat(silence).isGreaterThan(ANSWER_TIMEOUT);
    }
  }

  /**
   * Words of a prompt that takes about so long to be read. Their time is that of the weights, which
   * grows with them, and that of attention, which grows with their square: two prompts tell both.
   */
  private static int wordsFor(Duration reading, Chat chat) throws Exception {
    double once = untilText(chat, PROBE).toMillis();
    double twice = untilText(chat, 2 * PROBE).toMillis();
    double square = Math.max(twice - 2 * once, 0) / 2;
    double line = Math.max(once - square, once / 10);
    double wanted = reading.toMillis();
    double probes =
        square == 0
            ? wanted / line
            : (Math.sqrt(line * line + 4 * square * wanted) - line) / (2 * square);
    return (int) Math.min(probes * PROBE, MOST_WORDS);
  }

  /** How long the first text of a prompt takes; the stream has to end whole. */
  private static Duration untilText(Chat chat, int words) throws Exception {
    long began = System.nanoTime();
    // Each begins in its own way, so that nothing of it is in a cache.
    String prompt = words + " times: " + "word ".repeat(words);
    try (Chat.Stream stream = chat.stream("/completion", Chat.endless(3).put("prompt", prompt))) {
      stream.firstText();
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      assertThat(stream.rest().getLast()).contains("\"stop\":true");
      return took;
    }
  }

  @Test
  @Order(3)
  void a_rolling_restart_of_every_node_fails_no_request() throws Exception {
    int rounds = Integer.getInteger("bitfleet.rolling.rounds", 1);
    try (Load load = load().streams(3).shortOnes(2).conversations(1)) {
      for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < NODES; i++) {
          int before = load.wholeStreams();
          RUNNING.get(i).terminate();
          assertThat(RUNNING.get(i).awaitExit(Duration.ofSeconds(90)))
              .as(RUNNING.get(i).describe())
              .isZero();
          RUNNING.set(i, start(i));
          haproxy.awaitHealthy(NODES);
          Await.until(
              "streams after the restart",
              Duration.ofSeconds(60),
              () -> load.wholeStreams() > before);
        }
      }
      load.finish();
      System.out.printf(
          "%d restarts: %d requests, %d of them streams, %d failed%n",
          rounds * NODES, load.requests(), load.wholeStreams(), load.failures().size());

      assertThat(load.failures()).as(haproxy.describe()).isEmpty();
      assertThat(load.wholeStreams()).isGreaterThan(NODES * rounds);
    }
  }

  @Test
  @Order(4)
  void a_killed_node_costs_none_but_the_requests_it_had() throws Exception {
    try (Load load = load().shortOnes(3).conversations(2)) {
      Await.until("some requests", Duration.ofSeconds(30), () -> load.requests() >= 20);
      RUNNING.getFirst().kill();
      haproxy.awaitHealthy(NODES - 1);
      int failed = load.failures().size();
      int since = load.requests();
      Await.until(
          "requests after the death", Duration.ofSeconds(30), () -> load.requests() >= since + 20);
      load.finish();

      // On a client's connection that was used before HAProxy closes without answer or log, so that
      // the client repeats; what a node that lives answered badly would be in the log.
      assertThat(haproxy.requestLog().stream().filter(HaproxyIT::broken))
          .allMatch(line -> line.contains(" nodes/node1 "));
      assertThat(load.failures()).hasSizeLessThanOrEqualTo(5).hasSize(failed);
    }
  }

  /** Whether a line of the log is of a request that was not answered, or not in full. */
  private static boolean broken(String line) {
    Matcher request = LOGGED.matcher(line);
    if (!request.find()) {
      throw new AssertionError("not as option httplog writes it: " + line);
    }
    return request.group("status").compareTo("5") >= 0 || !request.group("end").startsWith("--");
  }
}
