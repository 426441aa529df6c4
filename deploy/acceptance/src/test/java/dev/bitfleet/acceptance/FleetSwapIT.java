package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Models that come and go on two nodes, asked for at a third that only answers, and the fourth, a
 * gateway that is killed while it has them loaded. {@code -Dbitfleet.kills=20} makes it the long
 * run, {@code -Dbitfleet.seed=…} repeats one.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FleetSwapIT {
  private static final int CLIENTS = 6;
  private static final Duration WINDOW = Duration.ofSeconds(30);
  private static final int KILLS = Integer.getInteger("bitfleet.kills", 1);
  private static final long SEED = Long.getLong("bitfleet.seed", System.nanoTime() % 1_000_000);

  /** Longer than nodes hold what they have prepared, and then ask each other. */
  private static final Duration DECIDED_WITHIN = Duration.ofSeconds(40);

  /** Longer than it takes until a worker that is begun is seen at a gateway. */
  private static final Duration QUIET = Duration.ofSeconds(2);

  private static final String[] SMALL = {"--threads", "1", "--slots", "2", "--ctx-size", "512"};

  @TempDir static Path folder;

  private static Nodes nodes;
  private static BitfleetProcess second;
  private static BitfleetProcess gateway;
  private static Chat chat;

  @BeforeAll
  static void three_nodes() throws Exception {
    nodes = new Nodes(folder, 4);
    Path tiny = folder.resolve("tiny.gguf");
    RandomModel.write(folder, tiny, "--shape", "tiny", "--vocab", "2048", "--seed", "1");
    byte[] whole = Files.readAllBytes(tiny);
    byte[] other = whole.clone();
    other[other.length - 1] ^= 1;
    for (int node : List.of(0, 1)) {
      Path home = Files.createDirectories(nodes.folder(node).resolve("data/models/me"));
      Files.write(home.resolve("tiny.gguf"), whole);
      Files.write(
          home.resolve("cut.gguf"), node == 0 ? whole : Arrays.copyOf(whole, whole.length / 2));
      Files.write(home.resolve("other.gguf"), node == 0 ? whole : other);
    }
    // Neither of the workers is ready before a gateway is there.
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var first = threads.submit(() -> nodes.start(0, "worker", SMALL));
      var last = threads.submit(() -> nodes.start(1, "worker", SMALL));
      gateway = nodes.start(2, "gateway");
      first.get();
      second = last.get();
    }
    chat = new Chat(gateway);
    Await.until("both workers", WINDOW, () -> ready().size() == 2);
  }

  @AfterAll
  static void end() {
    nodes.close();
  }

  private static List<JsonNode> ready() {
    return gateway.workers().stream()
        .filter(worker -> worker.path("state").asString().equals("ready"))
        .toList();
  }

  @Test
  @Order(1)
  void two_nodes_are_swapped_under_load_without_one_failed_request() throws Exception {
    try (var askers = new Askers(chat, "bitfleet-demo", CLIENTS)) {
      askers.awaitMore(20);
      for (String model : List.of("me/tiny", "bitfleet-demo")) {
        HttpResponse<String> loaded = load(model);
        assertThat(loaded.statusCode()).as(loaded.body()).isEqualTo(200);
        String id = json(loaded).path("model").asString();
        assertThat(ready().stream().filter(each -> each.path("model").asString().equals(id)))
            .as("on both, as soon as the answer is there")
            .hasSize(2)
            .extracting(each -> each.path("fingerprint").asString())
            .containsOnly(ready().getLast().path("fingerprint").asString());
        askers.awaitMore(20);
      }
      askers.close();
      System.out.println(
          "answers during two swaps of a fleet: "
              + askers.answered()
              + ", failed: "
              + askers.failures().size());
      assertThat(askers.failures()).isEmpty();
    }
    Await.until("the old ones are gone", WINDOW, () -> gateway.workers().size() == 2);
    assertThat(json(chat.get("/v1/models")).at("/data/0/id").asString()).isEqualTo("bitfleet-demo");
  }

  @Test
  @Order(1)
  void what_one_node_cannot_load_no_node_serves_and_the_error_names_the_node() throws Exception {
    Map<String, Long> before = enginesOfDemo();
    String node = Files.readString(nodes.folder(1).resolve("data/node-id")).strip();
    String first = Files.readString(nodes.folder(0).resolve("data/node-id")).strip();
    try (var askers = new Askers(chat, "bitfleet-demo", CLIENTS)) {
      askers.awaitMore(10);

      JsonNode broken = refused("me/cut");
      assertThat(broken.at("/error/code").asString()).isEqualTo("model_unusable");
      assertThat(broken.at("/error/param").asString()).isEqualTo("model_dir");
      assertThat(broken.at("/error/message").asString())
          .startsWith("Node " + node + ": the model cannot be loaded: ");

      JsonNode different = refused("me/other");
      assertThat(different.at("/error/code").asString()).isEqualTo("model_unusable");
      assertThat(different.at("/error/message").asString())
          .containsAnyOf(
              "Node " + node + ": it has other weights under that name than node " + first,
              "Node " + first + ": it has other weights under that name than node " + node);

      askers.awaitMore(10);
      askers.close();
      assertThat(askers.failures()).isEmpty();
    }
    Await.until("nothing is left of them", WINDOW, () -> gateway.workers().size() == 2);
    assertThat(enginesOfDemo()).as("the same engines as before").isEqualTo(before);
    assertThat(chat.ask("What is the capital of France?")).contains("Paris");
  }

  /**
   * Somewhere in a load: when a node has prepared it, around the decision that follows when both
   * have, or at any moment.
   */
  private static void await(int trial, Random random, Duration usual, Future<?> load) {
    int prepared = trial % 3 == 2 ? 0 : trial % 3 + 1;
    Await.until(
        prepared + " nodes have prepared",
        WINDOW,
        () ->
            load.isDone()
                || gateway.workers().stream()
                        .filter(each -> each.path("state").asString().equals("prepared"))
                        .count()
                    >= prepared);
    double[] longest = {1.5, 0, 0.5};
    LockSupport.parkNanos((long) (usual.toNanos() * longest[prepared] * random.nextDouble()));
  }

  /** The fingerprint of the one model that all ready workers have. */
  private static String model() {
    var models = new HashSet<String>();
    ready().forEach(each -> models.add(each.path("fingerprint").asString()));
    assertThat(models).hasSize(1);
    return models.iterator().next();
  }

  /** The same of so many workers, once nothing else has been there for a while. */
  private static String modelAfterAll(int workers) {
    var since = new AtomicLong(System.nanoTime());
    Await.until(
        workers + " workers, and no others",
        DECIDED_WITHIN,
        () -> {
          if (gateway.workers().size() != workers || ready().size() != workers) {
            since.set(System.nanoTime());
          }
          return System.nanoTime() - since.get() > QUIET.toNanos();
        });
    return model();
  }

  private static String other(String fingerprint) {
    return ready().stream()
            .anyMatch(
                each ->
                    each.path("fingerprint").asString().equals(fingerprint)
                        && each.path("model").asString().equals("bitfleet-demo"))
        ? "me/tiny"
        : "bitfleet-demo";
  }

  /** Loads a model that has to be there then, on so many workers; how long that took. */
  private static Duration loaded(String model, int workers) throws Exception {
    long began = System.nanoTime();
    HttpResponse<String> loaded = load(model);
    assertThat(loaded.statusCode()).as(loaded.body()).isEqualTo(200);
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    Await.until("nothing else is there", WINDOW, () -> gateway.workers().size() == workers);
    return took;
  }

  @Test
  @Order(2)
  void whoever_coordinates_is_killed_and_all_nodes_have_one_model() throws Exception {
    var random = new Random(SEED);
    int followed = 0;
    Duration usual = loaded("bitfleet-demo", 2);
    try (var askers = new Askers(chat, "bitfleet-demo", CLIENTS);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int trial = 0; trial < KILLS; trial++) {
        askers.awaitMore(10);
        BitfleetProcess coordinator = nodes.start(3, "gateway");
        nodes.awaitWorkers(List.of(coordinator), 2);
        String before = model();
        String wanted = other(before);
        Future<?> load = threads.submit(() -> load(new Chat(coordinator), wanted));

        await(trial, random, usual, load);
        coordinator.close();

        String after = modelAfterAll(2);
        usual = loaded(wanted, 2);
        String there = model();
        assertThat(after).as("trial %d, seed %d", trial, SEED).isIn(before, there);
        followed += after.equals(there) ? 1 : 0;
      }
      askers.close();
      System.out.printf(
          "%d coordinators killed, seed %d: %d times all nodes went on to the new model; answers"
              + " meanwhile: %d, failed: %d%n",
          KILLS, SEED, followed, askers.answered(), askers.failures().size());
      assertThat(askers.failures()).isEmpty();
    }
  }

  @Test
  @Order(3)
  void a_node_is_killed_while_it_prepares_and_the_others_stay_as_they_were() throws Exception {
    var random = new Random(SEED);
    int left = 0;
    Duration usual = loaded("bitfleet-demo", 2);
    try (var askers = new Askers(chat, "bitfleet-demo", CLIENTS);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int trial = 0; trial < KILLS; trial++) {
        askers.awaitMore(10);
        String before = model();
        String wanted = other(before);
        Future<HttpResponse<String>> load = threads.submit(() -> load(chat, wanted));

        await(trial, random, usual, load);
        second.close();

        HttpResponse<String> answer = load.get(DECIDED_WITHIN.toSeconds(), TimeUnit.SECONDS);
        String after = modelAfterAll(1);
        if (answer.statusCode() == 200) {
          // It had been decided: that the node left is told, and all that are there have it.
          left++;
          assertThat(after).as("%s, seed %d", answer.body(), SEED).isNotEqualTo(before);
        } else {
          assertThat(after).as("%s, seed %d", answer.body(), SEED).isEqualTo(before);
        }
        usual = loaded(wanted, 1);
        second = nodes.start(1, "worker", SMALL);
        Await.until("both workers", WINDOW, () -> ready().size() == 2);
        // It came back with the model of its settings.
        loaded(wanted, 2);
        assertThat(model()).isNotEqualTo(before);
      }
      askers.close();
      System.out.printf(
          "%d nodes killed while they prepared, seed %d: %d times after it was decided; answers"
              + " meanwhile: %d, failed: %d%n",
          KILLS, SEED, left, askers.answered(), askers.failures().size());
      assertThat(askers.failures()).isEmpty();
    }
  }

  private static Map<String, Long> enginesOfDemo() {
    return ready().stream()
        .filter(each -> each.path("model").asString().equals("bitfleet-demo"))
        .collect(
            Collectors.toMap(
                each -> each.path("id").asString(), each -> each.path("engine_pid").asLong()));
  }

  private static JsonNode refused(String model) throws Exception {
    HttpResponse<String> refused = load(model);
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    return json(refused);
  }

  private static HttpResponse<String> load(String model) throws Exception {
    return load(chat, model);
  }

  private static HttpResponse<String> load(Chat at, String model) throws Exception {
    return at.post("/v1/models/load", "{\"model_dir\":\"" + model + "\"}");
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.shared().readTree(response.body());
  }
}
