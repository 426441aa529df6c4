package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Wrong, hostile and absurd requests: a clear 4xx each, and the engine never notices. */
class BadInputIT {
  private static final String CHAT = "/v1/chat/completions";
  private static final String HI = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

  @TempDir static Path folder;

  private static BitfleetProcess bitfleet;
  private static Chat chat;
  private static long enginePid;

  @BeforeAll
  static void start() throws Exception {
    bitfleet = BitfleetProcess.start(folder);
    chat = new Chat(bitfleet);
    enginePid = bitfleet.enginePid();
  }

  @AfterAll
  static void stop() {
    bitfleet.close();
  }

  @AfterEach
  void the_engine_is_the_one_that_was_there_and_has_nothing_to_do() {
    Await.until("no sequence is left", Duration.ofSeconds(2), () -> bitfleet.openSequences() == 0);
    assertThat(bitfleet.enginePid()).isEqualTo(enginePid);
    assertThat(bitfleet.worker().get("engine_restarts").asInt()).isZero();
  }

  /**
   * @param param the field the answer has to name, empty when there is none
   */
  private record Bad(String name, String path, byte[] body, int status, String param) {
    static Bad of(String name, String path, String body, int status, String param) {
      return new Bad(name, path, body.getBytes(StandardCharsets.UTF_8), status, param);
    }

    static Bad field(String name, String field, String value) {
      return of(name, CHAT, "{%s,\"%s\":%s}".formatted(HI, field, value), 400, field);
    }
  }

  @TestFactory
  List<DynamicTest> each_is_refused_clearly() {
    var table = new ArrayList<Bad>();
    table.add(Bad.of("no JSON", CHAT, "hello", 400, ""));
    table.add(Bad.of("an empty body", CHAT, "", 400, ""));
    table.add(Bad.of("half a body", CHAT, "{" + HI, 400, ""));
    table.add(Bad.of("a list", CHAT, "[]", 400, ""));
    table.add(Bad.of("no messages", CHAT, "{}", 400, "messages"));
    table.add(Bad.of("empty messages", CHAT, "{\"messages\":[]}", 400, "messages"));
    table.add(Bad.of("messages of another type", CHAT, "{\"messages\":\"hi\"}", 400, "messages"));
    table.add(
        Bad.of(
            "an unknown role",
            CHAT,
            "{\"messages\":[{\"role\":\"king\",\"content\":\"hi\"}]}",
            400,
            "messages"));
    table.add(
        Bad.of(
            "a message without role",
            CHAT,
            "{\"messages\":[{\"content\":\"hi\"}]}",
            400,
            "messages"));
    table.add(Bad.field("a hot temperature", "temperature", "2.1"));
    table.add(Bad.field("a temperature in words", "temperature", "\"hot\""));
    table.add(Bad.field("a negative top_p", "top_p", "-0.1"));
    table.add(Bad.field("n of zero", "n", "0"));
    table.add(Bad.field("n beyond all measure", "n", "100000"));
    table.add(Bad.field("a fraction of tokens", "max_tokens", "1.5"));
    table.add(Bad.field("max_tokens of another type", "max_tokens", "{}"));
    table.add(Bad.field("top_logprobs of -1", "top_logprobs", "-1"));
    table.add(Bad.field("top_logprobs beyond 20", "top_logprobs", "21"));
    table.add(Bad.field("stop of numbers", "stop", "[1]"));
    table.add(Bad.field("logit_bias of another type", "logit_bias", "[]"));
    table.add(Bad.field("stream of another type", "stream", "\"yes\""));
    table.add(Bad.field("a seed in words", "seed", "\"seven\""));
    table.add(Bad.field("a presence_penalty out of range", "presence_penalty", "3"));
    table.add(Bad.of("an unknown model", CHAT, "{\"model\":\"gpt-9\"," + HI + "}", 404, "model"));
    table.add(
        Bad.of(
            "a negative n_probs",
            "/completion",
            "{\"prompt\":\"a\",\"n_probs\":-1}",
            400,
            "n_probs"));
    table.add(Bad.of("no prompt", "/completion", "{}", 400, "prompt"));
    table.add(
        Bad.of(
            "a token that is none", "/v1/completions", "{\"prompt\":[4000000000]}", 400, "prompt"));
    table.add(Bad.of("a negative token", "/v1/completions", "{\"prompt\":[-1]}", 400, "prompt"));
    table.add(
        Bad.of(
            "deep nesting",
            CHAT,
            "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}",
            400,
            ""));
    table.add(
        Bad.of(
            "a prompt beyond the context",
            CHAT,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"" + "word ".repeat(50_000) + "\"}]}",
            400,
            "messages"));
    byte[] notUtf8 =
        ("{\"messages\":[{\"role\":\"user\",\"content\":\"?\"}]}").getBytes(StandardCharsets.UTF_8);
    notUtf8[new String(notUtf8, StandardCharsets.UTF_8).indexOf('?')] = (byte) 0xff;
    table.add(new Bad("invalid UTF-8", CHAT, notUtf8, 400, ""));
    table.add(
        Bad.of(
            "a number beyond numbers",
            CHAT,
            "{" + HI + ",\"temperature\":1e99999}",
            400,
            "temperature"));
    table.add(Bad.of("a body beyond the limit", CHAT, " ".repeat(9 << 20), 413, ""));
    table.add(Bad.of("no such route", "/v1/nothing", "{}", 404, ""));

    return table.stream()
        .map(bad -> DynamicTest.dynamicTest(bad.name(), () -> check(bad)))
        .toList();
  }

  private static void check(Bad bad) throws Exception {
    HttpResponse<String> response = chat.post(bad.path(), bad.body(), "application/json");

    assertThat(response.statusCode()).as(response.body()).isEqualTo(bad.status());
    JsonNode error = JsonMapper.shared().readTree(response.body()).get("error");
    assertThat(error).as(response.body()).isNotNull();
    assertThat(error.get("message").asString()).isNotBlank();
    assertThat(error.get("type").asString()).isNotBlank();
    if (!bad.param().isEmpty()) {
      assertThat(error.get("param").asString()).startsWith(bad.param());
    }
  }

  @org.junit.jupiter.api.Test
  void another_content_type_and_another_method_are_refused() throws Exception {
    HttpResponse<String> wrongType =
        chat.post(CHAT, ("{" + HI + "}").getBytes(StandardCharsets.UTF_8), "text/xml");
    assertThat(wrongType.statusCode()).isEqualTo(415);
    assertThat(chat.get("/v1/completions").statusCode()).isEqualTo(405);
  }

  @org.junit.jupiter.api.Test
  void good_requests_are_still_answered() throws Exception {
    assertThat(chat.ask("What is the capital of France?")).contains("Paris");
  }
}
