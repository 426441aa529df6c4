package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Prompts are counted before they wait for a slot; here a character is a token. */
class ContextFitTest {
  private static final int CONTEXT = 4096;
  private static final String LONG = "x".repeat(CONTEXT + 1);

  private static Gateway gateway(int slots) {
    Gateway gateway = Gateway.bare(o -> o);
    gateway.workerOfContext("worker-1", slots, CONTEXT);
    return gateway;
  }

  private static String chat(String content) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"" + content + "\"}]}";
  }

  @Test
  void a_prompt_of_few_bytes_is_not_counted() {
    try (Gateway gateway = gateway(4)) {
      assertThat(gateway.post("/v1/chat/completions", chat("Hi")).statusCode()).isEqualTo(200);
      assertThat(gateway.worker().questions()).isEmpty();
    }
  }

  @Test
  void a_long_prompt_that_fits_is_counted_once_and_served() {
    try (Gateway gateway = gateway(4)) {
      String nearly = "x".repeat(CONTEXT - 1);

      assertThat(gateway.post("/v1/chat/completions", chat(nearly)).statusCode()).isEqualTo(200);
      assertThat(gateway.worker().questions()).hasSize(1);
    }
  }

  @Test
  void a_prompt_that_cannot_fit_is_refused_while_all_slots_are_taken() throws Exception {
    try (Gateway gateway = gateway(1)) {
      TestWorker worker = gateway.worker();
      worker.pause();
      CompletableFuture<HttpResponse<String>> first =
          gateway.postLater("/v1/chat/completions", chat("Hi"));
      Await.until("the slot is taken", () -> worker.open() == 1);

      HttpResponse<String> refused = gateway.post("/v1/chat/completions", chat(LONG));

      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(Gateway.json(refused).at("/error/code").stringValue())
          .isEqualTo("context_length_exceeded");
      assertThat(Gateway.json(refused).at("/error/param").stringValue()).isEqualTo("messages");
      assertThat(worker.seen()).hasSize(1);
      worker.resume();
      assertThat(first.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void every_prompt_of_a_request_is_counted() {
    try (Gateway gateway = gateway(4)) {
      HttpResponse<String> refused =
          gateway.post("/v1/completions", "{\"prompt\":[\"a\",\"" + LONG + "\"]}");

      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(gateway.worker().questions()).hasSize(1);
      assertThat(gateway.worker().seen()).isEmpty();
    }
  }

  @Test
  void a_context_capped_by_the_request_counts() {
    try (Gateway gateway = gateway(4)) {
      HttpResponse<String> refused =
          gateway.post("/completion", "{\"prompt\":\"" + "x".repeat(100) + "\",\"ctx_size\":100}");

      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(Gateway.json(refused).at("/error/message").stringValue()).contains("100");
    }
  }

  private static String longChat(String more) {
    String turn =
        "{\"role\":\"user\",\"content\":\""
            + "u".repeat(1000)
            + "\"},"
            + "{\"role\":\"assistant\",\"content\":\""
            + "a".repeat(500)
            + "\"},";
    return "{\"truncation\":\"auto\""
        + more
        + ",\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
        + turn.repeat(4)
        + "{\"role\":\"user\",\"content\":\"now?\"}]}";
  }

  @Test
  void the_oldest_turns_go_where_that_is_asked_for_and_the_answer_says_so() {
    try (Gateway gateway = gateway(4)) {
      HttpResponse<String> answer =
          gateway.post("/v1/chat/completions", longChat(",\"max_tokens\":500"));

      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("x-bitfleet-dropped-messages")).contains("4");
      assertThat(Gateway.json(answer).at("/truncation/dropped_messages").intValue()).isEqualTo(4);
      assertThat(Gateway.json(answer).at("/truncation/dropped_tokens").intValue()).isEqualTo(3000);
      Prompt.Chat sent = (Prompt.Chat) gateway.worker().seen().getFirst().prompt();
      assertThat(sent.messages()).hasSize(6);
      assertThat(sent.messages().getFirst().role()).isEqualTo(Role.SYSTEM);
      assertThat(sent.messages().getLast().content()).isEqualTo("now?");
      assertThat(gateway.worker().questions()).hasSize(1);
    }
  }

  @Test
  void the_last_chunks_of_a_stream_say_it_too() {
    try (Gateway gateway = gateway(4)) {
      HttpResponse<String> answer =
          gateway.post(
              "/v1/chat/completions",
              longChat(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
      List<JsonNode> chunks = Gateway.chunks(answer.body());

      assertThat(chunks.getLast().at("/truncation/dropped_messages").intValue()).isEqualTo(4);
      assertThat(chunks.getFirst().has("truncation")).isFalse();
    }
  }

  @Test
  void without_it_the_same_chat_is_refused() {
    try (Gateway gateway = gateway(4)) {
      String chat = longChat("").replace("auto", "disabled");

      assertThat(gateway.post("/v1/chat/completions", chat).statusCode()).isEqualTo(400);
      assertThat(gateway.post("/api/v1/chat/completions", chat).statusCode()).isEqualTo(413);
    }
  }

  @Test
  void a_flood_of_long_prompts_is_counted_a_few_at_a_time_and_then_sent_away() {
    try (Gateway gateway = Gateway.bare(options -> options.queueLimit(8))) {
      gateway.workerOfContext("worker-1", 4, CONTEXT);
      TestWorker worker = gateway.worker();
      worker.think(true);
      List<CompletableFuture<HttpResponse<String>>> flood = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        String path = i % 2 == 0 ? "/v1/chat/completions" : "/api/v1/chat/completions";
        flood.add(gateway.postLater(path, chat(LONG)));
      }
      Await.until(
          "those who cannot wait are told",
          () -> flood.stream().filter(CompletableFuture::isDone).count() == 48);
      assertThat(worker.questions()).hasSize(4);
      for (CompletableFuture<HttpResponse<String>> each : flood) {
        if (each.isDone()) {
          HttpResponse<String> away = each.join();
          assertThat(away.statusCode()).isEqualTo(429);
          assertThat(away.headers().firstValue("retry-after")).isPresent();
          assertThat(Gateway.json(away).at("/error/code").stringValue()).isEqualTo("queue_full");
        }
      }
      // Who has short prompts waits for none of this.
      assertThat(gateway.post("/v1/chat/completions", chat("Hi")).statusCode()).isEqualTo(200);
      worker.think(false);
      flood.forEach(each -> assertThat(each.join().statusCode()).isIn(400, 413, 429));
      assertThat(worker.questions()).hasSize(12);
      assertThat(worker.mostQuestions()).isEqualTo(4);
      assertThat(gateway.post("/v1/chat/completions", chat(LONG)).statusCode()).isEqualTo(400);
    }
  }

  @Test
  void a_prompt_whose_client_has_left_is_not_counted_any_more() {
    try (Gateway gateway = gateway(4)) {
      TestWorker worker = gateway.worker();
      worker.think(true);
      List<CompletableFuture<HttpResponse<String>>> counted = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        counted.add(gateway.postLater("/v1/chat/completions", chat(LONG)));
      }
      Await.until("they are being counted", () -> worker.questions().size() == 4);
      try (RawConnection leaving = new RawConnection(gateway.port())) {
        leaving.post("/v1/chat/completions", chat(LONG));
        Await.until("it waits", () -> gateway.metric("bitfleet_requests_open") == 5);
      }
      Await.until("it has left", () -> gateway.metric("bitfleet_requests_open") == 4);
      worker.think(false);
      counted.forEach(each -> assertThat(each.join().statusCode()).isEqualTo(400));
      gateway.post("/v1/chat/completions", chat(LONG));
      assertThat(worker.questions()).hasSize(5);
    }
  }

  @Test
  void a_last_turn_that_does_not_fit_alone_is_refused_all_the_same() {
    try (Gateway gateway = gateway(4)) {
      String chat = longChat("").replace("now?", LONG);

      assertThat(gateway.post("/v1/chat/completions", chat).statusCode()).isEqualTo(400);
    }
  }
}
