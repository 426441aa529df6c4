package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Models that come and go while requests are under way. */
class ModelSwapIT {
  private static final int CLIENTS = 6;
  private static final Duration WINDOW = Duration.ofSeconds(30);

  @TempDir static Path folder;

  private static BitfleetProcess bitfleet;
  private static Chat chat;

  @BeforeAll
  static void start() throws Exception {
    Path slow = SlowModel.in(folder);
    Path home = Files.createDirectories(folder.resolve("data/models/me/slow"));
    Files.copy(slow, home.resolve("model.gguf"));
    Files.writeString(folder.resolve("data/models/broken.gguf"), "GGUF and nothing else");
    bitfleet = BitfleetProcess.start(folder, "--slots", "2", "--ctx-size", "512");
    chat = new Chat(bitfleet);
  }

  @AfterAll
  static void stop() {
    bitfleet.close();
  }

  @Test
  void models_are_swapped_under_load_without_one_failed_request() throws Exception {
    var served = new ArrayList<String>();
    try (var askers = new Askers(chat, "bitfleet-demo", CLIENTS)) {
      askers.awaitMore(20);
      for (String model : List.of("me/slow", "bitfleet-demo", "me/slow", "bitfleet-demo")) {
        HttpResponse<String> loaded = load("{\"model_dir\":\"" + model + "\"}");
        assertThat(loaded.statusCode()).as(loaded.body()).isEqualTo(200);
        served.add(json(loaded).path("model").asString());
        askers.awaitMore(10);
      }
      askers.close();
      System.out.println(
          "answers during four swaps: "
              + askers.answered()
              + ", failed: "
              + askers.failures().size());
      assertThat(askers.failures()).isEmpty();
    }
    assertThat(served).containsExactly("slow", "bitfleet-demo", "slow", "bitfleet-demo");
    assertThat(json(chat.get("/v1/models")).at("/data/0/id").asString()).isEqualTo("bitfleet-demo");
    Await.until("the old ones are gone", WINDOW, () -> bitfleet.workers().size() == 1);
  }

  @Test
  void a_load_that_fails_leaves_the_old_model_serving() throws Exception {
    long began = System.nanoTime();
    HttpResponse<String> broken = load("{\"model_dir\":\"broken\"}");
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
    assertThat(broken.statusCode()).isEqualTo(400);
    assertThat(json(broken).at("/error/param").asString()).isEqualTo("model_dir");
    assertThat(json(broken).at("/error/code").asString()).isEqualTo("model_unusable");

    for (String outside :
        List.of("/etc/passwd", "../../slow", folder.resolve("slow.gguf").toString(), "none")) {
      HttpResponse<String> refused = load("{\"model_dir\":\"" + outside + "\"}");
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(404);
      assertThat(json(refused).at("/error/code").asString()).isEqualTo("model_not_found");
    }
    for (String wrong :
        List.of(
            "{}",
            "{\"model_dir\":7}",
            "{\"model_dir\":\"me/slow\",\"threads\":-1}",
            "{\"model_dir\":\"me/slow\",\"keep_alive\":\"soon\"}",
            "{\"model_dir\":\"me/slow\",\"model_id\":\"a b\"}")) {
      HttpResponse<String> refused = load(wrong);
      assertThat(refused.statusCode()).as(wrong + refused.body()).isEqualTo(400);
      assertThat(json(refused).at("/error/param").asString()).as(wrong).isNotBlank();
    }
    assertThat(chat.ask("What is the capital of France?")).contains("Paris");
  }

  @Test
  void two_models_are_told_apart_by_name_and_one_gives_its_memory_back() throws Exception {
    HttpResponse<String> beside =
        load(
            "{\"model_dir\":\"me/slow\",\"replace\":false,\"model_id\":\"second\",\"keep_alive\":\"1s\"}");
    assertThat(beside.statusCode()).as(beside.body()).isEqualTo(200);

    assertThat(answeredBy("second")).isEqualTo("second");
    assertThat(answeredBy("")).isEqualTo("bitfleet-demo");
    assertThat(chat.post("/v1/completions", "{\"model\":\"third\",\"prompt\":\"x\"}").statusCode())
        .isEqualTo(404);

    Await.until("the second is idle", WINDOW, () -> state("second").equals("idle"));
    JsonNode listed = json(chat.get("/v1/models/second"));
    assertThat(listed.at("/meta/loaded").asBoolean()).isFalse();
    assertThat(answeredBy("second")).as("loaded again because it was asked").isEqualTo("second");

    HttpResponse<String> gone = chat.post("/v1/models/unload", "{\"model\":\"second\"}");
    assertThat(gone.statusCode()).as(gone.body()).isEqualTo(200);
    Await.until(
        "it is unknown",
        WINDOW,
        () -> {
          try {
            return chat.post("/v1/completions", "{\"model\":\"second\",\"prompt\":\"x\"}")
                    .statusCode()
                == 404;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(chat.post("/v1/models/unload", "{\"model\":\"second\"}").statusCode())
        .isEqualTo(404);
  }

  private static String answeredBy(String model) throws Exception {
    var body = Chat.endless(2);
    if (!model.isEmpty()) {
      body.put("model", model);
    }
    HttpResponse<String> answer =
        chat.post("/v1/completions", body.put("max_tokens", 2).toString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return json(answer).path("model").asString();
  }

  private static String state(String model) {
    return bitfleet.workers().stream()
        .filter(worker -> worker.path("model").asString("").equals(model))
        .map(worker -> worker.path("state").asString())
        .findFirst()
        .orElse("");
  }

  private static HttpResponse<String> load(String body) throws Exception {
    return chat.post("/v1/models/load", body);
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.shared().readTree(response.body());
  }
}
