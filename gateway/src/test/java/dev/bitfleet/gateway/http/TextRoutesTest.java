package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** {@code /tokenize}, {@code /detokenize}, {@code /apply-template}. */
class TextRoutesTest {

  @Test
  void a_text_becomes_tokens_and_those_the_text() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      HttpResponse<String> tokens = gateway.post("/tokenize", "{\"content\":\"ab<|x|>\"}");

      assertThat(tokens.statusCode()).isEqualTo(200);
      assertThat(tokens.body()).isEqualTo("{\"tokens\":[97,98,60,124,120,124,62]}");
      assertThat(gateway.post("/detokenize", tokens.body()).body())
          .isEqualTo("{\"content\":\"ab<|x|>\"}");
    }
  }

  @Test
  void control_tokens_are_read_and_no_begin_token_added_unless_the_caller_says_otherwise() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      gateway.post("/tokenize", "{\"content\":\"a\"}");
      gateway.post(
          "/tokenize",
          "{\"content\":\"a\",\"add_special\":true,\"parse_special\":false,\"with_pieces\":true}");

      assertThat(gateway.worker().questions())
          .containsExactly(
              new TextRequest.Tokenize(Gateway.MODEL, "a", false, true, false),
              new TextRequest.Tokenize(Gateway.MODEL, "a", true, false, true));
    }
  }

  @Test
  void pieces_are_text_where_they_are_one() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      assertThat(gateway.post("/tokenize", "{\"content\":\"é\\\"\",\"with_pieces\":true}").body())
          .isEqualTo("{\"tokens\":[{\"id\":233,\"piece\":\"é\"},{\"id\":34,\"piece\":\"\\\"\"}]}");
    }
  }

  @Test
  void long_answers_are_written_whole() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      String body =
          gateway.post("/tokenize", "{\"content\":\"" + "x".repeat(50_000) + "\"}").body();

      assertThat(JsonMapper.shared().readTree(body).path("tokens")).hasSize(50_000);
    }
  }

  @Test
  void a_chat_is_shown_as_it_is_laid_out() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      assertThat(
              gateway
                  .post(
                      "/apply-template",
                      "{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
                          + "{\"role\":\"user\",\"content\":\"u\"}]}")
                  .body())
          .isEqualTo("{\"prompt\":\"system: s\\nuser: u\"}");
      assertThat(gateway.worker().seen()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/tokenize|{}|content",
        "/tokenize|{\"content\":[1]}|content",
        "/tokenize|{\"content\":\"a\",\"with_pieces\":1}|with_pieces",
        "/detokenize|{\"tokens\":\"a\"}|tokens",
        "/detokenize|{\"tokens\":[-1]}|tokens[0]",
        "/apply-template|{\"messages\":[]}|messages"
      })
  void what_is_wrong_is_named(String path, String body, String param) {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      HttpResponse<String> answer = gateway.post(path, body);

      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(Gateway.json(answer).at("/error/param").stringValue()).isEqualTo(param);
    }
  }

  @Test
  void an_unknown_model_is_the_default_one_and_one_that_is_away_is_waited_for() {
    try (Gateway gateway = Gateway.withWorker(o -> o.workerWait(java.time.Duration.ofSeconds(2)))) {
      assertThat(gateway.post("/tokenize", "{\"content\":\"a\",\"model\":\"x\"}").statusCode())
          .as("any name will do here")
          .isEqualTo(200);

      gateway.worker().become(State.RESTARTING);
      HttpResponse<String> away = gateway.post("/tokenize", "{\"content\":\"a\"}");
      assertThat(away.statusCode()).isEqualTo(503);
      assertThat(away.headers().firstValue("retry-after")).isPresent();
    }
  }

  @Test
  void a_question_to_a_worker_that_dies_goes_to_another_once_it_is_missed() throws Exception {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      gateway.worker("embed-1", "embed-1", 4).die();
      gateway.worker().die();
      CompletableFuture<HttpResponse<String>> text =
          gateway.postLater("/tokenize", "{\"content\":\"a\",\"model\":\"bitfleet-demo\"}");
      CompletableFuture<HttpResponse<String>> vectors =
          gateway.postLater("/v1/embeddings", "{\"input\":\"a\",\"model\":\"embed-1\"}");
      Await.until("it was asked", () -> gateway.worker().questions().size() == 1);
      TestWorker another = gateway.worker("worker-2", 4);
      gateway.worker("embed-2", "embed-1", 4);

      // Sooner than the 20 and the 120 seconds that answers may take.
      assertThat(text.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(another.questions()).hasSize(1);
      assertThat(vectors.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_worker_that_does_not_answer_in_time_is_given_up_for_another() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      TestWorker other = gateway.worker("worker-2", 4);
      gateway.worker().hangUp();

      assertThat(gateway.post("/tokenize", "{\"content\":\"a\"}").statusCode()).isEqualTo(200);
      assertThat(other.questions()).hasSize(1);
    }
  }
}
