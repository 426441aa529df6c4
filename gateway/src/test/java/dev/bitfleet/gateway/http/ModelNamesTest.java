package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What the names of models mean, on every route that takes one. */
class ModelNamesTest {
  private static final String SAY = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

  private static String named(String fields) {
    return "{\"model\":\"bitnet-model\"," + fields + "}";
  }

  private static String answerer(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return Gateway.json(answer).path("model").asString();
  }

  @Test
  void the_older_routes_answer_to_any_name_and_say_which_model_did() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      assertThat(
              List.of(
                  answerer(gateway.post("/chat/completions", named(SAY))),
                  answerer(gateway.post("/api/v1/chat/completions", named(SAY))),
                  answerer(gateway.post("/completion", named("\"prompt\":\"a\""))),
                  answerer(gateway.post("/completions", named("\"prompt\":\"a\""))),
                  answerer(gateway.post("/api/v1/generate", named("\"prompt\":\"a\"")))))
          .containsOnly(Gateway.MODEL);
      for (String text :
          List.of(
              "/tokenize \"content\":\"a\"",
              "/detokenize \"tokens\":[65]",
              "/apply-template " + SAY)) {
        String[] parts = text.split(" ", 2);
        assertThat(gateway.post(parts[0], named(parts[1])).statusCode()).as(text).isEqualTo(200);
      }

      String id =
          Gateway.json(gateway.post("/v1/conversations", "{}")).path("conversation_id").asString();
      assertThat(answerer(gateway.post("/v1/conversations/" + id + "/chat", named(SAY))))
          .isEqualTo(Gateway.MODEL);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/v1/chat/completions|\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]",
        "/v1/completions|\"prompt\":\"hi\"",
        "/v1/responses|\"input\":\"hi\"",
      })
  void openai_routes_refuse_an_unknown_name_unless_they_are_told_to_take_it(
      String path, String fields) {
    try (Gateway strict = Gateway.withWorker(o -> o)) {
      HttpResponse<String> refused = strict.post(path, named(fields));
      assertThat(refused.statusCode()).isEqualTo(404);
      assertThat(Gateway.json(refused).at("/error/code").asString()).isEqualTo("model_not_found");
      assertThat(Gateway.json(refused).at("/error/param").asString()).isEqualTo("model");
    }
    try (Gateway lenient = Gateway.withWorker(o -> o.defaultForUnknownModels(true))) {
      assertThat(answerer(lenient.post(path, named(fields)))).isEqualTo(Gateway.MODEL);
    }
  }

  @Test
  void input_tokens_are_counted_by_the_same_rule() {
    String body = named("\"input\":\"hi\"");
    try (Gateway strict = Gateway.withWorker(o -> o)) {
      assertThat(strict.post("/v1/responses/input_tokens", body).statusCode()).isEqualTo(404);
    }
    try (Gateway lenient = Gateway.withWorker(o -> o.defaultForUnknownModels(true))) {
      assertThat(lenient.post("/v1/responses/input_tokens", body).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_stream_says_in_every_chunk_which_model_answers() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      HttpResponse<String> stream =
          gateway.post("/chat/completions", named(SAY + ",\"stream\":true"));
      assertThat(Gateway.chunks(stream.body()))
          .isNotEmpty()
          .allSatisfy(chunk -> assertThat(chunk.path("model").asString()).isEqualTo(Gateway.MODEL));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/models/old-name",
        "/api/v1/model/info?model=old-name",
        "/props?model=old-name",
      })
  void an_alias_is_known_to_whoever_asks_about_it(String path) {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      assertThat(gateway.get(path).statusCode()).isEqualTo(404);

      gateway.worker().aliases("old-name");
      Await.until(path, () -> gateway.get(path).statusCode() == 200);

      assertThat(gateway.get(path).body()).contains(Gateway.MODEL);
      assertThat(gateway.get(path.replace("old-name", "nobody")).statusCode()).isEqualTo(404);
    }
  }

  @Test
  void an_alias_is_known_to_what_generates_embeds_and_counts() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      gateway.worker().aliases("bitnet-model");
      gateway.worker("worker-2", "embed-demo", 1).aliases("old-embed");
      Await.until(
          "aliases are known",
          () ->
              gateway.get("/v1/models/bitnet-model").statusCode() == 200
                  && gateway.get("/v1/models/old-embed").statusCode() == 200);

      assertThat(answerer(gateway.post("/v1/chat/completions", named(SAY))))
          .isEqualTo(Gateway.MODEL);
      assertThat(gateway.post("/tokenize", named("\"content\":\"a\"")).statusCode()).isEqualTo(200);
      assertThat(
              answerer(gateway.post("/v1/embeddings", "{\"model\":\"old-embed\",\"input\":\"a\"}")))
          .isEqualTo("embed-demo");
      JsonNode refused = Gateway.json(gateway.post("/v1/embeddings", named("\"input\":\"a\"")));
      assertThat(refused.at("/error/code").asString()).isEqualTo("not_an_embedding_model");
    }
  }

  @Test
  void slots_are_shown_where_the_operator_wants_it_and_say_nothing_of_what_is_in_them() {
    try (Gateway silent = Gateway.withWorker(o -> o)) {
      HttpResponse<String> refused = silent.get("/slots");
      assertThat(refused.statusCode()).isEqualTo(501);
      assertThat(Gateway.json(refused).at("/error/type").asString())
          .isEqualTo("not_supported_error");
    }
    try (Gateway open = Gateway.withWorker(o -> o.showSlots(true))) {
      open.worker().pause();
      var answer = open.postLater("/completion", "{\"prompt\":\"a secret\"}");
      Await.until(
          "one is taken", () -> open.get("/slots").body().contains("\"is_processing\":true"));

      HttpResponse<String> slots = open.get("/slots");
      assertThat(slots.body()).doesNotContain("secret");
      assertThat(Gateway.json(slots)).hasSize(4);
      assertThat(Gateway.json(slots).get(3).propertyNames())
          .containsExactlyInAnyOrder("id", "n_ctx", "is_processing", "model");
      assertThat(open.get("/slots?fail_on_no_slot=1").statusCode()).isEqualTo(200);

      open.worker().resume();
      assertThat(answer.join().statusCode()).isEqualTo(200);
    }
    try (Gateway none = Gateway.bare(o -> o.showSlots(true))) {
      assertThat(none.get("/slots").body()).isEqualTo("[]");
      assertThat(none.get("/slots?fail_on_no_slot").statusCode()).isEqualTo(503);
    }
  }
}
