package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** kill -9 of the engine, and a client that leaves. */
class EngineDeathIT {
  private static final Duration BACK_WITHIN = Duration.ofSeconds(2);

  @TempDir static Path folder;

  private static BitfleetProcess bitfleet;
  private static Chat chat;

  @BeforeAll
  static void start() throws Exception {
    Path model = SlowModel.in(folder);
    bitfleet =
        BitfleetProcess.start(folder, model.toString(), "--slots", "1", "--ctx-size", "2048");
    chat = new Chat(bitfleet);
  }

  @AfterAll
  static void stop() {
    bitfleet.close();
  }

  @Test
  void a_killed_engine_is_back_within_two_seconds() throws Exception {
    long pid = settle();

    kill(pid);

    Duration back = Await.until("another engine is ready", BACK_WITHIN, () -> readyWithout(pid));
    assertThat(chat.post("/completion", Chat.endless(2).toString()).statusCode()).isEqualTo(200);
    System.out.println("engine back after kill -9: " + back.toMillis() + " ms");
  }

  @Test
  void a_stream_that_had_tokens_goes_on_in_the_next_engine() throws Exception {
    String unharmed = textOf(chat.post("/v1/completions", textCompletion(80).toString()));
    long pid = settle();
    try (Chat.Stream stream = chat.stream("/v1/completions", textCompletion(80))) {
      assertThat(stream.status()).isEqualTo(200);
      StringBuilder text = new StringBuilder(Chat.text(stream.firstText()));

      kill(pid);

      List<String> rest = stream.rest();
      assertThat(rest).last().isEqualTo("[DONE]");
      for (String event : rest.subList(0, rest.size() - 1)) {
        text.append(Chat.text(JsonMapper.shared().readTree(event)));
      }
      assertThat(text.toString()).isEqualTo(unharmed);
    }
    assertThat(bitfleet.enginePid()).isNotEqualTo(pid);
  }

  private static String textOf(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(answer.body()).at("/choices/0/text").asString();
  }

  @Test
  void a_request_that_had_no_token_is_served_all_the_same() throws Exception {
    long pid = settle();
    // Stopped, the engine takes the request and does nothing with it: no token can be out.
    signal("STOP", pid);
    CompletableFuture<HttpResponse<String>> asked =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return chat.post("/v1/completions", textCompletion(4).toString());
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    Await.until(
        "the request is in flight",
        Duration.ofSeconds(2),
        () -> worker().get("in_flight").asInt() > 0);

    kill(pid);

    HttpResponse<String> answer = asked.get(20, TimeUnit.SECONDS);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(JsonMapper.shared().readTree(answer.body()).at("/usage/completion_tokens").asInt())
        .isEqualTo(4);
  }

  @Test
  void a_client_that_leaves_frees_its_slot_at_once() throws Exception {
    long pid = settle();
    try (Chat.Stream stream = chat.stream("/v1/completions", textCompletion(1900))) {
      assertThat(Chat.text(stream.firstText())).isNotEmpty();
    }
    System.out.println("next answer after the client left: " + nextAnswer().toMillis() + " ms");
    assertThat(bitfleet.enginePid()).isEqualTo(pid);
  }

  @Test
  void a_client_that_leaves_while_it_waits_for_a_whole_answer_frees_its_slot_too()
      throws Exception {
    settle();
    // curl, because it closes its connection when its time is over.
    Exit curl =
        Exit.of(
            folder,
            java.util.Map.of(),
            Duration.ofSeconds(20),
            List.of(
                "curl",
                "-sS",
                "-m",
                "1",
                bitfleet.api() + "/v1/completions",
                "-H",
                "content-type: application/json",
                "-d",
                textCompletion(1900).toString()));
    assertThat(curl.status()).as("curl's own time limit").isEqualTo(28);
    nextAnswer();
  }

  /**
   * Asks for one token, which takes the only slot: what was left must have given it back. Left
   * alone, it would have kept it for many seconds.
   */
  private static Duration nextAnswer() throws Exception {
    long began = System.nanoTime();
    HttpResponse<String> answer = chat.post("/v1/completions", textCompletion(1).toString());
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(took).isLessThan(Duration.ofSeconds(1));
    return took;
  }

  private static tools.jackson.databind.node.ObjectNode textCompletion(int tokens) {
    return JsonMapper.shared()
        .createObjectNode()
        .put("model", "slow")
        .put("prompt", "Once upon a time")
        .put("max_tokens", tokens)
        .put("temperature", 0)
        .put("ignore_eos", true);
  }

  /** Waits until the engine is ready and idle, and long enough alive to be no crash loop. */
  private static long settle() {
    Await.until(
        "the engine is ready and idle",
        Duration.ofSeconds(20),
        () -> worker().get("state").asString().equals("ready") && bitfleet.openSequences() == 0);
    return bitfleet.enginePid();
  }

  private static boolean readyWithout(long pid) {
    JsonNode worker = worker();
    return worker.get("state").asString().equals("ready")
        && worker.get("engine_pid").asLong() != pid;
  }

  private static JsonNode worker() {
    return bitfleet.worker();
  }

  private static void kill(long pid) throws Exception {
    signal("KILL", pid);
  }

  private static void signal(String name, long pid) throws Exception {
    Exit kill =
        Exit.of(
            folder,
            java.util.Map.of(),
            Duration.ofSeconds(5),
            List.of("kill", "-" + name, String.valueOf(pid)));
    assertThat(kill.status()).as(kill.err()).isZero();
  }
}
