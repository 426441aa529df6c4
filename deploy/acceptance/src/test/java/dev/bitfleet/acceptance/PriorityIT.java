package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Somebody who waits for an answer, and much that nobody waits for. */
@Tag("alone")
class PriorityIT {
  @TempDir Path folder;

  @Test
  void who_is_waited_for_comes_before_the_background_that_came_first() throws Exception {
    Path model = SlowModel.in(folder);
    try (var bitfleet =
        BitfleetProcess.start(folder, model.toString(), "--slots", "1", "--ctx-size", "16384")) {
      var chat = new Chat(bitfleet);
      var order = new ConcurrentLinkedQueue<String>();
      List<CompletableFuture<JsonNode>> answers = new ArrayList<>();
      try (Chat.Stream running = chat.stream("/completion", Chat.endless(16000))) {
        assertThat(Chat.text(running.firstText())).isNotEmpty();
        for (int i = 0; i < 3; i++) {
          answers.add(ask(chat, "flex", order));
        }
        waiting(bitfleet, 3);
        JsonNode queued =
            JsonMapper.shared()
                .readTree(
                    chat.post(
                            "/v1/responses",
                            "{\"input\":\"hi\",\"background\":true,\"max_output_tokens\":4}")
                        .body());
        assertThat(queued.path("background").booleanValue()).isTrue();
        waiting(bitfleet, 4);
        answers.add(ask(chat, "default", order));
        waiting(bitfleet, 5);
      }
      for (CompletableFuture<JsonNode> answer : answers) {
        answer.get(60, TimeUnit.SECONDS);
      }
      assertThat(order).containsExactly("default", "flex", "flex", "flex");
      Await.until(
          "the background response is done too",
          Duration.ofSeconds(20),
          () -> bitfleet.openSequences() == 0 && depth(bitfleet) == 0);
    }
  }

  private static CompletableFuture<JsonNode> ask(
      Chat chat, String tier, ConcurrentLinkedQueue<String> order) {
    ObjectNode body =
        JsonMapper.shared()
            .convertValue(Map.of("prompt", "Once", "max_tokens", 40), ObjectNode.class);
    body.put("ignore_eos", true).put("service_tier", tier);
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            JsonNode answer = Served.ok(chat.post("/v1/completions", body.toString()));
            order.add(answer.path("service_tier").stringValue());
            return answer;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        },
        task -> Thread.ofVirtual().start(task));
  }

  private static void waiting(BitfleetProcess bitfleet, int count) throws Exception {
    Await.until(count + " wait", Duration.ofSeconds(10), () -> depth(bitfleet) == count);
  }

  private static int depth(BitfleetProcess bitfleet) {
    try {
      return bitfleet
          .metrics()
          .lines()
          .filter(line -> line.startsWith("bitfleet_queue_depth"))
          .mapToInt(line -> (int) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
