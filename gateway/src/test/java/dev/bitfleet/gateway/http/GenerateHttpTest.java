package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.ContractSchemas;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;

/** The routes under {@code /api/v1}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GenerateHttpTest {
  private static final String GENERATE = "/api/v1/generate";
  private static final String CHAT = "/api/v1/chat/completions";
  private static final Contract CONTRACT = Contract.load();
  private static final Prompt HI = new Prompt.Text("hi");

  private final Gateway gateway = Gateway.withWorker(options -> options);

  @AfterAll
  void stop() {
    gateway.close();
  }

  private GenerationRequest seen() {
    return gateway.worker().seen().getLast();
  }

  private static void assertFits(String schema, JsonNode json) {
    assertThat(ContractSchemas.errors(CONTRACT, schema, json)).isEmpty();
  }

  @Test
  void a_text_comes_with_its_token_counts_and_the_time_it_took() {
    JsonNode answer =
        Gateway.json(gateway.post(GENERATE, "{\"prompt\":\"hi\",\"max_tokens\":4,\"seed\":2}"));
    assertFits("Generation", answer);
    assertThat(answer.path("text").stringValue()).isEqualTo(TestWorker.text(HI, 2, 4));
    assertThat(answer.path("prompt_tokens").intValue()).isEqualTo(7);
    assertThat(answer.path("completion_tokens").intValue()).isEqualTo(4);
    assertThat(answer.path("total_tokens").intValue()).isEqualTo(11);
    assertThat(answer.path("cached_tokens").intValue()).isEqualTo(2);
    assertThat(answer.path("generation_time").doubleValue()).isEqualTo(0.009);
    assertThat(answer.path("tokens_per_second").doubleValue()).isEqualTo(1000);
    assertThat(answer.path("finish_reason").stringValue()).isEqualTo("length");
  }

  @Test
  void both_routes_have_the_defaults_of_their_interface() {
    for (String path : List.of(GENERATE, CHAT)) {
      String what =
          path.equals(CHAT)
              ? "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"
              : "\"prompt\":\"hi\"";
      gateway.worker().script(Behaviour.Say.of("x"));
      gateway.post(path, "{" + what + "}");
      assertThat(seen().maxTokens()).isEqualTo(2048);
      assertThat(seen().sampling().temperature()).isEqualTo(0.7);
      assertThat(seen().sampling().topP()).isEqualTo(0.8);
      assertThat(seen().sampling().topK()).isEqualTo(20);
      assertThat(seen().sampling().repeatPenalty()).isEqualTo(1);
    }
  }

  @Test
  void a_stream_has_the_text_in_pieces_and_the_counts_at_its_end() {
    String body =
        gateway
            .post(GENERATE, "{\"prompt\":\"hi\",\"max_tokens\":4,\"seed\":2,\"stream\":true}")
            .body();
    assertThat(Gateway.events(body)).last().isEqualTo("[DONE]");
    List<JsonNode> chunks = Gateway.chunks(body);
    assertThat(chunks).allSatisfy(chunk -> assertFits("GenerationChunk", chunk));
    assertFits("Generation", chunks.getLast());
    assertThat(
            chunks.stream()
                .map(chunk -> chunk.path("text").stringValue())
                .collect(Collectors.joining()))
        .isEqualTo(TestWorker.text(HI, 2, 4));
    assertThat(chunks.getLast().path("completion_tokens").intValue()).isEqualTo(4);
  }

  @Test
  void a_prompt_that_does_not_fit_is_413_here_and_400_elsewhere() {
    OpenReply.Refused refusal =
        new OpenReply.Refused(
            OpenReply.Code.CONTEXT_LENGTH_EXCEEDED, "too long", "prompt", 5000, 4096);
    String chat = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    assertTooLong(refusal, GENERATE, "{\"prompt\":\"hi\"}", 413, "prompt");
    assertTooLong(refusal, CHAT, chat, 413, "messages");
    assertTooLong(refusal, CHAT, chat.replace("]}", "],\"stream\":true}"), 413, "messages");
    assertTooLong(refusal, "/v1/chat/completions", chat, 400, "messages");
  }

  private void assertTooLong(
      OpenReply.Refused refusal, String path, String body, int status, String param) {
    gateway.worker().script(new Behaviour.Refuse(refusal));
    HttpResponse<String> response = gateway.post(path, body);
    assertThat(response.statusCode()).isEqualTo(status);
    JsonNode error = Gateway.json(response).path("error");
    assertThat(error.path("code").stringValue()).isEqualTo("context_length_exceeded");
    assertThat(error.path("param").stringValue()).isEqualTo(param);
  }

  @Test
  void a_stream_that_breaks_ends_with_the_error() {
    gateway.worker().script(new Behaviour.FailAfter(2, FailureCause.ENGINE_FAULT));
    List<String> events =
        Gateway.events(gateway.post(GENERATE, "{\"prompt\":\"hi\",\"stream\":true}").body());
    assertThat(events).last().asString().contains("engine_failed");
    assertThat(events).doesNotContain("[DONE]");
  }

  @Test
  void the_chat_is_openais() {
    JsonNode answer =
        Gateway.json(
            gateway.post(
                CHAT,
                "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":3,\"seed\":1,"
                    + "\"service_tier\":\"auto\",\"timings_per_token\":true}"));
    assertFits("ChatCompletion", answer);
    assertThat(answer.path("service_tier").stringValue()).isEqualTo("default");
    assertThat(answer.path("timings").path("predicted_n").intValue()).isEqualTo(3);
    assertThat(answer.path("usage").path("cached_tokens").intValue()).isEqualTo(2);
  }
}
