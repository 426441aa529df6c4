package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The examples of the five interface documents that this product replaces, each sent as it stands
 * there, model names included: a FastAPI server around bitnet.cpp (S0), its reference (S1), its
 * guide to conversations (S2), a service for a 4-bit model (S3), and a server with hot swap and
 * voice (S4). Their clients name whatever model they like on OpenAI's routes too, which is what
 * {@code --unknown-model default} is for.
 */
class OlderInterfacesIT {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @RegisterExtension static final Served SERVED = Served.with("--unknown-model", "default");

  private static List<String> events(String path, String body) throws Exception {
    HttpResponse<String> response = SERVED.chat().post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type").orElseThrow())
        .startsWith("text/event-stream");
    return response
        .body()
        .lines()
        .filter(line -> line.startsWith("data: "))
        .map(line -> line.substring(6))
        .toList();
  }

  private static void completes(JsonNode answer) {
    assertThat(answer.path("model").asString())
        .as("what answered, whatever was asked for")
        .isEqualTo("bitfleet-demo");
    assertThat(answer.at("/choices/0/message/role").asString()).isEqualTo("assistant");
    assertThat(answer.at("/choices/0/message/content").isString()).isTrue();
    assertThat(answer.at("/choices/0/finish_reason").asString()).isIn("stop", "length");
    assertThat(answer.at("/usage/total_tokens").intValue())
        .isEqualTo(
            answer.at("/usage/prompt_tokens").intValue()
                + answer.at("/usage/completion_tokens").intValue());
  }

  // ---- S0 ------------------------------------------------------------------------------------

  @Test
  void s0_completes_a_text() throws Exception {
    JsonNode answer =
        SERVED.ask(
            "/completion",
            """
            {"prompt": "Your prompt text", "temperature": 0.7, "top_k": 40, "top_p": 0.95, "n_predict": 128,
             "threads": 4, "ctx_size": 2048, "stream": false}""");
    assertThat(answer.path("content").isString()).isTrue();
    assertThat(
            SERVED
                .ask(
                    "/completion",
                    "{\"prompt\": \"Once upon a time\", \"temperature\": 0.7, \"n_predict\": 50}")
                .path("content")
                .asString())
        .isNotEmpty();
  }

  @Test
  void s0_answers_a_chat() throws Exception {
    for (String model : List.of("model_name", "bitnet-model")) {
      HttpResponse<String> named =
          SERVED
              .chat()
              .post(
                  "/v1/chat/completions",
                  """
            {"model": "%s", "messages": [{"role": "system", "content": "You are a helpful assistant."},
             {"role": "user", "content": "Tell me a joke."}], "temperature": 0.7, "top_p": 0.95, "max_tokens": 128, "stream": false}"""
                      .formatted(model));
      completes(Served.ok(named));
    }
  }

  // ---- S1 ------------------------------------------------------------------------------------

  @Test
  void s1_is_healthy() throws Exception {
    assertThat(Served.ok(SERVED.chat().get("/health")).path("status").asString()).isEqualTo("ok");
  }

  @Test
  void s1_answers_a_chat_and_streams_one() throws Exception {
    completes(
        SERVED.ask(
            "/chat/completions",
            """
            {"messages": [{"role": "system", "content": "You are a helpful assistant."},
             {"role": "user", "content": "What is BitNet?"}], "temperature": 0.7, "max_tokens": 100, "stream": false}"""));
    List<String> events =
        events(
            "/chat/completions",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Count to 5\"}], \"stream\": true}");
    assertThat(events.getLast()).isEqualTo("[DONE]");
    var text = new StringBuilder();
    for (String event : events.subList(0, events.size() - 1)) {
      text.append(JSON.readTree(event).at("/choices/0/delta/content").asString(""));
    }
    assertThat(text.toString()).contains("1").contains("5");
  }

  @Test
  void s1_knows_all_its_parameters() throws Exception {
    completes(
        SERVED.ask(
            "/chat/completions",
            """
            {"messages": [{"role": "user", "content": "Hello!"}], "temperature": 0.8, "max_tokens": 20, "top_k": 40,
             "top_p": 0.95, "repeat_penalty": 1.1, "seed": -1, "n_ctx": 2048, "n_batch": 512, "n_threads": 2,
             "stop": [], "presence_penalty": 0.0, "frequency_penalty": 0.0}"""));
    JsonNode unlimited =
        SERVED.ask(
            "/chat/completions",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}], \"max_tokens\": -1}");
    assertThat(unlimited.at("/choices/0/finish_reason").asString()).isIn("stop", "length");
  }

  @Test
  void s1_completes_a_text() throws Exception {
    assertThat(
            SERVED
                .ask(
                    "/completion",
                    "{\"prompt\": \"The capital of France is\", \"n_predict\": 50, \"temperature\": 0.7,"
                        + " \"top_k\": 40, \"top_p\": 0.95}")
                .path("content")
                .isString())
        .isTrue();
  }

  @Test
  void s1_names_what_is_wrong() throws Exception {
    HttpResponse<String> refused =
        SERVED
            .chat()
            .post(
                "/chat/completions",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], \"temperature\": 9}");
    assertThat(refused.statusCode()).isEqualTo(400);
    JsonNode error = JSON.readTree(refused.body()).path("error");
    assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
    assertThat(error.path("code").asString()).isEqualTo("invalid_parameter");
    assertThat(error.path("message").asString()).contains("temperature");
  }

  // ---- S2 ------------------------------------------------------------------------------------

  @Test
  void s2_remembers_what_was_asked() throws Exception {
    // curl -X POST without a body and without a content type.
    HttpResponse<String> made =
        HTTP.send(
            HttpRequest.newBuilder(URI.create(SERVED.bitfleet().api() + "/v1/conversations"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());
    String id = Served.ok(made).path("conversation_id").asString();
    assertThat(id).startsWith("conv_");
    String path = "/v1/conversations/" + id;
    completes(
        SERVED.ask(
            path + "/chat",
            """
            {"model": "bitnet", "messages": [{"role": "user", "content": "Hello, how are you?"}],
             "temperature": 0.7, "max_tokens": 100}"""));
    JsonNode second =
        SERVED.ask(
            path + "/chat",
            """
            {"model": "bitnet", "messages": [{"role": "user", "content": "What did I just ask you?"}],
             "temperature": 0.7, "max_tokens": 100}""");
    completes(second);
    JsonNode history = Served.ok(SERVED.chat().get(path)).path("messages");
    assertThat(history.valueStream().map(m -> m.path("role").asString()))
        .containsExactly("user", "assistant", "user", "assistant");
    assertThat(history.at("/0/content").asString()).isEqualTo("Hello, how are you?");
    assertThat(history.at("/3/content").asString())
        .isEqualTo(second.at("/choices/0/message/content").asString());
  }

  @Test
  void s2_answers_outside_of_a_conversation() throws Exception {
    completes(
        SERVED.ask(
            "/v1/chat/completions",
            """
            {"model": "bitnet", "messages": [{"role": "system", "content": "You are a helpful AI assistant."},
             {"role": "user", "content": "What is artificial intelligence?"}], "temperature": 0.7, "max_tokens": 150}"""));
  }

  @Test
  void s2_streams_in_a_conversation_and_completes_outside_of_one() throws Exception {
    String id = SERVED.ask("/v1/conversations", "{}").path("conversation_id").asString();
    List<String> events =
        events(
            "/v1/conversations/" + id + "/chat",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}], \"stream\": true}");
    assertThat(events.getLast()).isEqualTo("[DONE]");
    assertThat(Served.ok(SERVED.chat().get("/v1/conversations/" + id)).path("messages").size())
        .isEqualTo(2);
    assertThat(
            SERVED
                .ask(
                    "/completion",
                    "{\"prompt\": \"What is artificial intelligence?\", \"temperature\": 0.7,"
                        + " \"n_predict\": 100}")
                .path("content")
                .isString())
        .isTrue();
  }

  // ---- S3 ------------------------------------------------------------------------------------

  @Test
  void s3_generates() throws Exception {
    JsonNode answer =
        SERVED.ask(
            "/api/v1/generate",
            """
            {"prompt": "The capital of France is", "max_tokens": 20, "temperature": 0.7, "top_p": 0.8, "top_k": 20,
             "stream": false}""");
    assertThat(answer.path("text").isString()).as(answer.toString()).isTrue();
    assertThat(answer.toString()).contains("prompt_tokens").contains("completion_tokens");
    assertThat(SERVED.ask("/api/v1/generate", "{\"prompt\": \"Hello\"}").path("text").isString())
        .isTrue();
    assertThat(
            events(
                "/api/v1/generate", "{\"prompt\": \"Hello\", \"stream\": true, \"max_tokens\": 5}"))
        .isNotEmpty();
  }

  @Test
  void s3_answers_a_chat() throws Exception {
    completes(
        SERVED.ask(
            "/api/v1/chat/completions",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}], \"max_tokens\": 50}"));
  }

  @ParameterizedTest
  @CsvSource({"/api/v1/generate, '{}', 400", "/api/v1/chat/completions, '{\"messages\":[]}', 400"})
  void s3_refuses_what_is_malformed(String path, String body, int status) throws Exception {
    assertThat(SERVED.chat().post(path, body).statusCode()).isEqualTo(status);
  }

  @Test
  void s3_says_413_when_the_context_is_too_long() throws Exception {
    String words = "word ".repeat(50_000);
    assertThat(
            SERVED.chat().post("/api/v1/generate", "{\"prompt\":\"" + words + "\"}").statusCode())
        .isEqualTo(413);
    assertThat(
            SERVED
                .chat()
                .post(
                    "/api/v1/chat/completions",
                    "{\"messages\":[{\"role\":\"user\",\"content\":\"" + words + "\"}]}")
                .statusCode())
        .isEqualTo(413);
  }

  @Test
  void s3_tells_of_its_model_and_its_health() throws Exception {
    JsonNode info = Served.ok(SERVED.chat().get("/api/v1/model/info"));
    assertThat(info.toString())
        .contains("bitfleet-demo")
        .contains("quantization")
        .contains("memory")
        .contains("context");
    JsonNode health = Served.ok(SERVED.chat().get("/api/v1/health"));
    assertThat(health.path("status").isString()).isTrue();
    assertThat(health.toString()).contains("model").contains("memory");
  }

  // ---- S4 ------------------------------------------------------------------------------------

  @Test
  void s4_answers_and_counts_what_was_cached() throws Exception {
    JsonNode answer =
        SERVED.ask(
            "/v1/chat/completions",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"What is the capital of France?\"}]}");
    completes(answer);
    assertThat(answer.path("id").asString()).startsWith("chatcmpl-");
    assertThat(answer.path("object").asString()).isEqualTo("chat.completion");
    assertThat(answer.at("/usage/cached_tokens").isInt()).isTrue();
    assertThat(answer.at("/usage/cached_tokens").intValue())
        .isEqualTo(answer.at("/usage/prompt_tokens_details/cached_tokens").intValue());
  }

  @Test
  void s4_answers_openais_client_under_the_name_of_its_example() throws Exception {
    completes(
        SERVED.ask(
            "/v1/chat/completions",
            "{\"model\": \"BitNet-TRNQ\", \"messages\": [{\"role\": \"user\", \"content\": \"Hello!\"}]}"));
    List<String> events =
        events(
            "/v1/chat/completions",
            "{\"model\": \"BitNet-TRNQ\", \"messages\": [{\"role\": \"user\", \"content\": \"Tell me a story.\"}],"
                + " \"stream\": true}");
    for (String event : events.subList(0, events.size() - 1)) {
      assertThat(JSON.readTree(event).path("model").asString()).isEqualTo("bitfleet-demo");
    }
  }

  @Test
  void s4_streams_with_the_role_first_and_the_reason_last() throws Exception {
    List<String> events =
        events(
            "/v1/chat/completions",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}], \"stream\": true}");
    assertThat(JSON.readTree(events.getFirst()).at("/choices/0/delta/role").asString())
        .isEqualTo("assistant");
    assertThat(events.getLast()).isEqualTo("[DONE]");
    JsonNode last = JSON.readTree(events.get(events.size() - 2));
    assertThat(last.at("/choices/0/finish_reason").asString()).isIn("stop", "length");
  }

  @Test
  void s4_completes_a_text_and_lists_its_models() throws Exception {
    JsonNode completion = SERVED.ask("/v1/completions", "{\"prompt\": \"The quick brown fox\"}");
    assertThat(completion.at("/choices/0/text").isString()).isTrue();
    JsonNode models = Served.ok(SERVED.chat().get("/v1/models"));
    assertThat(models.path("object").asString()).isEqualTo("list");
    assertThat(models.at("/data/0/id").asString()).isEqualTo("bitfleet-demo");
    assertThat(models.at("/data/0/object").asString()).isEqualTo("model");
  }

  @Test
  void s4_swaps_models_of_the_home_and_no_others() throws Exception {
    JsonNode swapped = SERVED.ask("/v1/models/load", "{\"model_dir\": \"bitfleet-demo\"}");
    assertThat(swapped.path("status").asString()).isEqualTo("success");
    assertThat(swapped.path("model").asString()).isEqualTo("bitfleet-demo");
    assertThat(swapped.path("recompiled").isBoolean()).isTrue();
    assertThat(swapped.path("message").isString()).isTrue();
    for (String outside : List.of("../../etc/passwd", "/etc/passwd", "nobody/nothing")) {
      assertThat(
              SERVED
                  .chat()
                  .post("/v1/models/load", "{\"model_dir\": \"" + outside + "\"}")
                  .statusCode())
          .as(outside)
          .isBetween(400, 499);
    }
    completes(
        SERVED.ask(
            "/v1/chat/completions",
            "{\"messages\": [{\"role\": \"user\", \"content\": \"What is the capital of France?\"}]}"));
  }
}
