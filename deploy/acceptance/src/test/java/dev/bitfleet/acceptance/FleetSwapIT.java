package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Models that come and go on two nodes, asked for at a third that only answers. */
class FleetSwapIT {
  private static final int CLIENTS = 6;
  private static final Duration WINDOW = Duration.ofSeconds(30);

  @TempDir static Path folder;

  private static Nodes nodes;
  private static BitfleetProcess gateway;
  private static Chat chat;

  @BeforeAll
  static void three_nodes() throws Exception {
    nodes = new Nodes(folder, 3);
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
    String[] small = {"--threads", "1", "--slots", "2", "--ctx-size", "512"};
    var first = Thread.ofVirtual().start(() -> worker(0, small));
    var second = Thread.ofVirtual().start(() -> worker(1, small));
    gateway = nodes.start(2, "gateway");
    first.join();
    second.join();
    chat = new Chat(gateway);
    Await.until("both workers", WINDOW, () -> ready().size() == 2);
  }

  private static void worker(int node, String... settings) {
    try {
      nodes.start(node, "worker", settings);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
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
    return chat.post("/v1/models/load", "{\"model_dir\":\"" + model + "\"}");
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.shared().readTree(response.body());
  }
}
