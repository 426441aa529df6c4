package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.bitfleet.acceptance.history.Said;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Three nodes, each on a host of its own, and what happens to them: rows R10 to R14 of
 * docs/benchmarks/reliability.md. While it happens clients converse; in the end what the nodes show
 * is held against what the clients were told.
 *
 * <p>{@code -Dbitfleet.faults=20 -Dbitfleet.partition-seconds=60 -Dbitfleet.retries=500} makes it
 * the long run, {@code -Dbitfleet.seed=…} repeats one.
 */
@Tag("alone")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FleetFaultsIT {
  private static final int FAULTS = Integer.getInteger("bitfleet.faults", 1);
  private static final int RETRIES = Integer.getInteger("bitfleet.retries", 15);

  /** Nodes that are silent count as dead after ten; each side is to go on for a while alone. */
  private static final Duration PARTITION =
      Duration.ofSeconds(Integer.getInteger("bitfleet.partition-seconds", 15));

  private static final long SEED = Long.getLong("bitfleet.seed", System.nanoTime() % 1_000_000);

  /** The figure is 15 s; a machine that also builds something else gets more. */
  private static final Duration WHOLE_AGAIN_WITHIN =
      Duration.ofSeconds(Integer.getInteger("bitfleet.whole-seconds", 30));

  private static final int NODES = 3;
  private static final int SPEAKERS = 6;
  private static final int CONVERSATIONS = 8;
  private static final int SLOTS = 4;

  @TempDir static Path folder;
  private static HostedFleet fleet;

  @BeforeAll
  static void three_hosts() throws Exception {
    String missing = Network.missing();
    if (System.getenv("CI") != null && System.getProperty("user.name").equals("root")) {
      assertThat(missing).as("what keeps these tests from running").isEmpty();
    }
    assumeTrue(missing.isEmpty(), missing);
    System.out.println("seed " + SEED);
    fleet = new HostedFleet(folder, NODES, "--threads", "1", "--slots", Integer.toString(SLOTS));
  }

  @AfterAll
  static void end() throws IOException {
    if (fleet != null) {
      fleet.close();
    }
  }

  /** Everybody asks anybody. */
  private static Conversing everywhere(long seed) throws Exception {
    List<Integer> all = IntStream.range(0, NODES).boxed().toList();
    return converse(
        seed, CONVERSATIONS, IntStream.range(0, SPEAKERS).mapToObj(each -> all).toList());
  }

  private static Conversing converse(
      long seed, int conversations, List<List<Integer>> nodesOfSpeakers) throws Exception {
    return new Conversing(fleet, NODES, seed, conversations, nodesOfSpeakers);
  }

  @Test
  @Order(1)
  void r13_clients_at_two_nodes_in_one_conversation_make_one_order() throws Exception {
    var load = converse(SEED, 1, List.of(List.of(0), List.of(1), List.of(2)));
    try {
      load.more(60 * FAULTS);
    } finally {
      load.stop();
    }
    load.report("R13", "one conversation");
    assertThat(load.problems()).isEmpty();
  }

  @Test
  @Order(2)
  void r14_a_request_that_comes_again_at_another_node_is_kept_once() throws Exception {
    var random = new Random(SEED);
    int cut = 0;
    for (int i = 0; i < RETRIES; i++) {
      boolean keyed = i % 3 != 0;
      int first = random.nextInt(NODES);
      int second = (first + 1 + random.nextInt(NODES - 1)) % NODES;
      String conversation = conversation();
      URI path = URI.create("/v1/conversations/" + conversation + "/chat");
      String body = Chat.question("Question " + i).put("max_tokens", 20).toString();
      Duration patience =
          i % 3 == 2 ? Duration.ofSeconds(30) : Duration.ofMillis(1 + random.nextInt(120));
      try (var client = HttpClient.newHttpClient();
          var other = HttpClient.newHttpClient()) {
        var once =
            client.sendAsync(
                asked(fleet.node(first).api().resolve(path), body, keyed, i, 0, patience),
                HttpResponse.BodyHandlers.ofString());
        if (i % 3 != 2) {
          // The connection is lost at some moment; otherwise both are there at once.
          try {
            once.join();
          } catch (java.util.concurrent.CompletionException e) {
            cut++;
          }
        }
        HttpResponse<String> again =
            other.send(
                asked(
                    fleet.node(second).api().resolve(path),
                    body,
                    keyed,
                    i,
                    1,
                    Duration.ofSeconds(30)),
                HttpResponse.BodyHandlers.ofString());
        assertThat(again.statusCode()).as(again.body()).isEqualTo(200);
        if (!once.isCompletedExceptionally()) {
          HttpResponse<String> answer = once.join();
          assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
          if (keyed) {
            assertThat(again.body()).isEqualTo(answer.body());
          }
        }
        if (keyed || once.isCompletedExceptionally()) {
          for (int node = 0; node < NODES; node++) {
            assertThat(messages(node, conversation))
                .as("node %d, try %d, seed %d, keyed %s", node, i, SEED, keyed)
                .hasSize(2);
          }
        }
      }
    }
    System.out.printf("R14: %d requests came again, %d connections were lost%n", RETRIES, cut);
  }

  private static HttpRequest asked(
      URI uri, String body, boolean keyed, int number, int retries, Duration patience) {
    var request =
        HttpRequest.newBuilder(uri)
            .header("content-type", "application/json")
            .header("x-stainless-retry-count", Integer.toString(retries))
            .timeout(patience)
            .POST(HttpRequest.BodyPublishers.ofString(body));
    if (keyed) {
      request.header("idempotency-key", "again-" + SEED + "-" + number);
    }
    return request.build();
  }

  private static String conversation() throws Exception {
    return Served.ok(new Chat(fleet.node(0)).post("/v1/conversations", "{}")).get("id").asString();
  }

  private static List<String> messages(int node, String conversation) throws Exception {
    var messages = new ArrayList<String>();
    Served.ok(new Chat(fleet.node(node)).get("/v1/conversations/" + conversation))
        .path("messages")
        .forEach(message -> messages.add(message.toString()));
    return messages;
  }

  @Test
  @Order(3)
  void a_running_response_is_read_at_another_node() throws Exception {
    String body =
        "{\"input\":\"Once upon a time\",\"background\":true,\"stream\":true,\"max_output_tokens\":80}";
    try (var stream =
        new Chat(fleet.node(0))
            .stream("/v1/responses", (tools.jackson.databind.node.ObjectNode) json(body))) {
      String created = java.util.Objects.requireNonNull(stream.next());
      String id = json(created).at("/response/id").asString();
      String at = "/v1/responses/" + id + "?stream=true&starting_after=1";
      List<String> elsewhere = events(new Chat(fleet.node(1)).get(at).body());
      var whole = new ArrayList<>(List.of(created));
      whole.addAll(stream.rest());

      assertThat(elsewhere).isEqualTo(whole.subList(2, whole.size()));
      assertThat(events(new Chat(fleet.node(2)).get(at).body())).isEqualTo(elsewhere);
    }
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }

  private static List<String> events(String body) {
    return body.lines()
        .filter(line -> line.startsWith("data: "))
        .map(line -> line.substring("data: ".length()))
        .toList();
  }

  @Test
  @Order(4)
  void r10_what_a_killed_node_acknowledged_is_kept() throws Exception {
    var random = new Random(SEED + 10);
    var load = everywhere(SEED + 10);
    try {
      for (int fault = 0; fault < FAULTS; fault++) {
        load.more(30 + random.nextInt(30));
        fleet.kill(random.nextInt(NODES));
        load.more(30);
        fleet.startAll();
      }
      load.more(20);
    } finally {
      load.stop();
    }
    load.report("R10", FAULTS + " kills of one node");
    assertThat(load.problems()).as("seed %d", SEED).isEmpty();
  }

  @Test
  @Order(5)
  void r10_a_stream_whose_gateway_is_killed_goes_on_at_another_node() throws Exception {
    var random = new Random(SEED + 100);
    int cut = 0;
    long takenUp = 0;
    var waits = new ArrayList<Long>();
    for (int trial = 0; cut < FAULTS; trial++) {
      assertThat(trial)
          .as("streams were over before their gateway was killed")
          .isLessThan(20 * FAULTS);
      String body =
          "{\"input\":\"Tell me a story, number %d\",\"stream\":true,\"temperature\":%s,\"seed\":%d,\"max_output_tokens\":700}"
              .formatted(random.nextInt(1000), random.nextBoolean() ? "0" : "1.5", trial);
      int gateway = random.nextInt(NODES);
      int other = (gateway + 1 + random.nextInt(NODES - 1)) % NODES;
      List<String> unharmed =
          events(new Chat(fleet.node(other)).post("/v1/responses", body).body());
      var got = new ArrayList<String>();
      int killAfter = 3 + random.nextInt(5);
      try (var stream =
          new Chat(fleet.node(gateway))
              .stream("/v1/responses", (tools.jackson.databind.node.ObjectNode) json(body))) {
        for (String event = stream.next(); event != null; event = stream.next()) {
          got.add(event);
          if (got.size() == killAfter) {
            fleet.kill(gateway);
          }
        }
      }
      String id = json(got.getFirst()).at("/response/id").asString();
      if (!json(got.getLast()).path("type").asString().equals("response.completed")) {
        cut++;
        long before = takenUp();
        long began = System.nanoTime();
        got.addAll(resumed(other, id, got.size()));
        waits.add((System.nanoTime() - began) / 1_000_000);
        takenUp += takenUp() - before;
      }
      assertThat(got)
          .as("seed %d, trial %d, killed after %d events", SEED, trial, killAfter)
          .extracting(FleetFaultsIT::unnamed)
          .isEqualTo(unharmed.stream().map(FleetFaultsIT::unnamed).toList());
      fleet.startAll();
    }
    System.out.printf(
        "R10: %d streams were cut, and read to their end elsewhere after %s ms; %d of them were not yet made%n",
        cut, waits, takenUp);
  }

  @Test
  @Order(5)
  void r10_a_stream_in_a_conversation_whose_gateway_is_killed_says_the_same_after_another_turn()
      throws Exception {
    var random = new Random(SEED + 101);
    int cut = 0;
    int overtaken = 0;
    for (int trial = 0; overtaken < FAULTS; trial++) {
      assertThat(trial)
          .as("%d of the streams were cut, %d of them made again", cut, overtaken)
          .isLessThan(20 * FAULTS);
      int gateway = random.nextInt(NODES);
      int other = (gateway + 1) % NODES;
      int third = (gateway + 2) % NODES;
      String before =
          "{\"items\":[{\"role\":\"user\",\"content\":\"My name is Ann, number %d\"}]}"
              .formatted(random.nextInt(1000));
      String ask =
          "{\"input\":\"Tell me a story\",\"stream\":true,\"temperature\":%s,\"seed\":%d,\"max_output_tokens\":700,\"conversation\":\"%s\"}";
      String temperature = random.nextBoolean() ? "0" : "1.5";
      List<String> unharmed =
          events(
              new Chat(fleet.node(other))
                  .post(
                      "/v1/responses",
                      ask.formatted(temperature, trial, conversation(other, before)))
                  .body());
      String conversation = conversation(other, before);
      String body = ask.formatted(temperature, trial, conversation);
      var got = new ArrayList<String>();
      int killAfter = 3 + random.nextInt(5);
      Optional<Future<JsonNode>> between = Optional.empty();
      try (ExecutorService somebody = Executors.newSingleThreadExecutor()) {
        try (var stream =
            new Chat(fleet.node(gateway))
                .stream("/v1/responses", (tools.jackson.databind.node.ObjectNode) json(body))) {
          for (String event = stream.next(); event != null; event = stream.next()) {
            got.add(event);
            if (got.size() == killAfter) {
              fleet.kill(gateway);
              between = Optional.of(somebody.submit(() -> turn(third, conversation)));
            }
          }
        }
        String id = json(got.getFirst()).at("/response/id").asString();
        boolean whole = json(got.getLast()).path("type").asString().equals("response.completed");
        if (!whole) {
          cut++;
          got.addAll(resumed(other, id, got.size()));
        }
        assertThat(got)
            .as("seed %d, trial %d, killed after %d events", SEED, trial, killAfter)
            .extracting(FleetFaultsIT::unnamed)
            .isEqualTo(unharmed.stream().map(FleetFaultsIT::unnamed).toList());
        String story = "Tell me a story|" + text(json(got.getLast()).path("response"));
        String answer = "And you?|" + text(between.orElseThrow().get());
        String first = json(before).at("/items/0/content").asString();
        boolean later = items(other, conversation).endsWith(story);
        overtaken += later ? 1 : 0;
        for (int node : new int[] {other, third}) {
          assertThat(items(node, conversation))
              .as("node %d, seed %d, trial %d", node, SEED, trial)
              .isEqualTo(String.join("|", first, later ? answer : story, later ? story : answer));
        }
      }
      fleet.startAll();
    }
    System.out.printf(
        "R10: %d streams in conversations were cut, %d of them made again after another turn%n",
        cut, overtaken);
  }

  private static String conversation(int node, String body) throws Exception {
    return Served.ok(new Chat(fleet.node(node)).post("/v1/conversations", body))
        .get("id")
        .asString();
  }

  /** A turn that is said again until it is answered: its node may be about to miss another one. */
  private static JsonNode turn(int node, String conversation) throws Exception {
    URI path = fleet.node(node).api().resolve("/v1/responses");
    String body =
        "{\"input\":\"And you?\",\"max_output_tokens\":20,\"conversation\":\"%s\"}"
            .formatted(conversation);
    try (var client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer = null;
      for (int tries = 0; answer == null || answer.statusCode() == 503 && tries < 10; tries++) {
        answer =
            client.send(
                HttpRequest.newBuilder(path)
                    .header("content-type", "application/json")
                    .header("idempotency-key", "between-" + conversation)
                    .timeout(Duration.ofSeconds(60))
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
      }
      return Served.ok(answer);
    }
  }

  private static String text(JsonNode response) {
    return response.at("/output/0/content/0/text").asString();
  }

  /** What was said in a conversation, in order. */
  private static String items(int node, String conversation) throws Exception {
    var items = new ArrayList<String>();
    Served.ok(
            new Chat(fleet.node(node))
                .get("/v1/conversations/" + conversation + "/items?order=asc"))
        .path("data")
        .forEach(item -> items.add(item.at("/content/0/text").asString()));
    return String.join("|", items);
  }

  /** How often nodes have gone on with what others had left. */
  private static long takenUp() {
    return fleet.all().stream()
        .filter(BitfleetProcess::isRunning)
        .flatMap(node -> node.log().lines())
        .filter(line -> line.contains("were interrupted and are taken up"))
        .count();
  }

  /** The rest of a response, from that event on, as soon as a node has taken it up. */
  private static List<String> resumed(int node, String id, int from) throws Exception {
    String at = "/v1/responses/" + id + "?stream=true&starting_after=" + (from - 1);
    HttpResponse<String> answer = new Chat(fleet.node(node)).get(at);
    for (int tries = 0; answer.statusCode() == 503 && tries < 10; tries++) {
      answer = new Chat(fleet.node(node)).get(at);
    }
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return events(answer.body());
  }

  /** An event without what another response of the same request has of its own. */
  private static String unnamed(String event) {
    return event
        .replaceAll("(resp|msg|fc|call|conv)_[0-9a-zA-Z]+", "$1_")
        .replaceAll("\"(created_at|completed_at|cached_tokens)\":\\d+", "\"$1\":0");
  }

  @Test
  @Order(5)
  void r12_both_sides_of_a_partition_keep_what_they_acknowledged() throws Exception {
    var random = new Random(SEED + 12);
    for (int fault = 0; fault < FAULTS; fault++) {
      var load = everywhere(SEED + 12 + fault);
      Duration whole;
      try {
        load.more(30);
        fleet.isolate(random.nextInt(NODES));
        LockSupport.parkNanos(PARTITION.toNanos());
        load.more(1);
        fleet.heal();
        whole = untilWhole(load);
      } finally {
        fleet.heal();
        fleet.whole();
        load.stop();
      }
      load.report(
          "R12",
          "%d s split, whole again after %d ms".formatted(PARTITION.toSeconds(), whole.toMillis()));
      assertThat(load.problems()).as("seed %d", SEED).isEmpty();
      assertThat(whole).isLessThan(WHOLE_AGAIN_WITHIN);
    }
  }

  @Test
  @Order(5)
  void r12_a_node_that_does_not_hear_another_one_loses_nothing() throws Exception {
    assumeTrue(FAULTS > 1, "only in the long run: -Dbitfleet.faults=2 or more");
    var random = new Random(SEED + 120);
    for (int fault = 0; fault < FAULTS; fault++) {
      var load = everywhere(SEED + 120 + fault);
      try {
        load.more(30);
        int deaf = random.nextInt(NODES);
        fleet.deafen(deaf, (deaf + 1 + random.nextInt(NODES - 1)) % NODES);
        LockSupport.parkNanos(PARTITION.toNanos());
        fleet.heal();
        untilWhole(load);
      } finally {
        fleet.heal();
        fleet.whole();
        load.stop();
      }
      load.report("R12", "one way cut for %d s".formatted(PARTITION.toSeconds()));
      assertThat(load.problems()).as("seed %d", SEED).isEmpty();
    }
  }

  /** Each gateway reaches each node's worker, and shows what was acknowledged on either side. */
  private static Duration untilWhole(Conversing load) {
    var split = load.history.said();
    Duration workers =
        Await.until("each node knows all workers", Duration.ofSeconds(60), fleet::knowsAllWorkers);
    Duration bus =
        Await.until(
            "each gateway reaches each worker",
            Duration.ofSeconds(60),
            () -> IntStream.range(0, NODES).allMatch(FleetFaultsIT::reachesAllWorkers));
    Duration maps =
        Await.until(
            "each node shows what was acknowledged on either side",
            Duration.ofSeconds(60),
            () -> showsAll(load, split));
    System.out.printf(
        "after the split: workers known after %d ms, then reached after %d ms, then turns there after"
            + " %d ms%n",
        workers.toMillis(), bus.toMillis(), maps.toMillis());
    return workers.plus(bus).plus(maps);
  }

  private static boolean showsAll(Conversing load, List<Said> split) {
    for (int node = 0; node < NODES; node++) {
      for (String conversation : load.conversations) {
        Optional<List<String>> labels = load.speakers.getFirst().labels(node, conversation);
        if (labels.isEmpty()
            || !new HashSet<>(labels.orElseThrow())
                .containsAll(
                    split.stream()
                        .filter(said -> said.conversation().equals(conversation))
                        .filter(said -> said.acknowledged().isPresent())
                        .map(said -> said.label())
                        .toList())) {
          return false;
        }
      }
    }
    return true;
  }

  /** More requests than two workers have slots: the third one must have some of them. */
  private static boolean reachesAllWorkers(int gateway) {
    Set<String> busy = new HashSet<>();
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      var answers = new ArrayList<Future<Integer>>();
      for (int i = 0; i < 3 * SLOTS; i++) {
        answers.add(
            clients.submit(
                () ->
                    new Chat(fleet.node(gateway))
                        .post("/completion", Chat.endless(100).toString())
                        .statusCode()));
      }
      while (!answers.stream().allMatch(Future::isDone)) {
        fleet.node(gateway).workers().stream()
            .filter(worker -> worker.get("in_flight").asInt() > 0)
            .forEach(worker -> busy.add(worker.get("id").asString()));
        LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
      }
      for (Future<Integer> answer : answers) {
        if (answer.get() != 200) {
          return false;
        }
      }
      return busy.size() == NODES;
    } catch (Exception e) {
      return false;
    }
  }

  @Test
  @Order(6)
  void r11_all_nodes_killed_at_once_bring_everything_back() throws Exception {
    var random = new Random(SEED + 11);
    var load = everywhere(SEED + 11);
    try {
      for (int fault = 0; fault < FAULTS; fault++) {
        load.more(40 + random.nextInt(40));
        fleet.kill(0, 1, 2);
        fleet.startAll();
      }
      load.more(20);
    } finally {
      load.stop();
    }
    load.report("R11", FAULTS + " times all nodes killed");
    assertThat(load.problems()).as("seed %d", SEED).isEmpty();
  }
}
