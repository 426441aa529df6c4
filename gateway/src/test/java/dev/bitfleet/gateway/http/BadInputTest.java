package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Gateway;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Bad input is answered with what is wrong about it, and no worker sees any of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String TEXT = "/v1/completions";
  private static final String PLAIN = "/completion";

  private final Gateway gateway = Gateway.withWorker(options -> options.maxBodyBytes(1 << 20));

  @BeforeAll
  void warmUp() {
    assertThat(gateway.get("/health").statusCode()).isEqualTo(200);
  }

  @AfterEach
  void no_worker_saw_anything() {
    assertThat(gateway.worker().seen()).isEmpty();
    assertThat(gateway.get("/health").statusCode()).isEqualTo(200);
  }

  @AfterAll
  void stop() {
    gateway.close();
  }

  private static String chat(String more) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]," + more + "}";
  }

  private static String text(String more) {
    return "{\"prompt\":\"x\"," + more + "}";
  }

  private static Arguments row(String path, String body, int status, String code, String param) {
    return Arguments.of(path, body, status, code, param);
  }

  static Stream<Arguments> badBodies() {
    return Stream.of(
        // not JSON, or not ours
        row(CHAT, "", 400, "empty_body", ""),
        row(CHAT, "   ", 400, "empty_body", ""),
        row(CHAT, "{", 400, "invalid_json", ""),
        row(CHAT, "null", 400, "invalid_json", ""),
        row(CHAT, "[]", 400, "invalid_json", ""),
        row(CHAT, "\"x\"", 400, "invalid_json", ""),
        row(CHAT, "{} x", 400, "invalid_json", ""),
        row(CHAT, "{\"a\":" + "[".repeat(5000) + "]".repeat(5000) + "}", 400, "invalid_json", ""),
        row(CHAT, "{\"a\":".repeat(5000) + "1" + "}".repeat(5000), 400, "invalid_json", ""),
        row(CHAT, chat("\"seed\":" + "1".repeat(5000)), 400, "invalid_json", ""),
        row(CHAT, chat("\"seed\":1,\"seed\":2"), 400, "invalid_json", ""),
        row(CHAT, chat("\"temperature\":NaN"), 400, "invalid_json", ""),
        // characters
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}",
            400,
            "invalid_parameter",
            "messages[0].content"),
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\\u0000b\"}]}",
            400,
            "invalid_parameter",
            "messages[0].content"),
        row(PLAIN, "{\"prompt\":\"\\udfff\"}", 400, "invalid_parameter", "prompt"),
        row(PLAIN, text("\"stop\":[\"\\u0000\"]"), 400, "invalid_parameter", "stop[0]"),
        // messages
        row(CHAT, "{}", 400, "missing_required_parameter", "messages"),
        row(CHAT, "{\"messages\":null}", 400, "invalid_parameter", "messages"),
        row(CHAT, "{\"messages\":\"hi\"}", 400, "invalid_parameter", "messages"),
        row(CHAT, "{\"messages\":[]}", 400, "invalid_parameter", "messages"),
        row(CHAT, "{\"messages\":[5]}", 400, "invalid_parameter", "messages[0]"),
        row(
            CHAT,
            "{\"messages\":[{\"content\":\"x\"}]}",
            400,
            "missing_required_parameter",
            "messages[0].role"),
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"user\"}]}",
            400,
            "missing_required_parameter",
            "messages[0].content"),
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"user\",\"content\":null}]}",
            400,
            "missing_required_parameter",
            "messages[0].content"),
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"user\",\"content\":{}}]}",
            400,
            "invalid_parameter",
            "messages[0].content"),
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"root\",\"content\":\"x\"}]}",
            400,
            "invalid_parameter",
            "messages[0].role"),
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
            400,
            "missing_required_parameter",
            "messages[0].content[0].text"),
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
                + "{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}]}",
            400,
            "unsupported_parameter",
            "messages[0].content[1].type"),
        row(
            CHAT,
            "{\"messages\":[{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{}]}]}",
            400,
            "missing_required_parameter",
            "messages[0].tool_calls[0].id"),
        // numbers
        row(CHAT, chat("\"temperature\":\"hot\""), 400, "invalid_parameter", "temperature"),
        row(CHAT, chat("\"temperature\":-0.1"), 400, "invalid_parameter", "temperature"),
        row(CHAT, chat("\"temperature\":2.1"), 400, "invalid_parameter", "temperature"),
        row(CHAT, chat("\"temperature\":1e400"), 400, "invalid_parameter", "temperature"),
        row(CHAT, chat("\"temperature\":1e300"), 400, "invalid_parameter", "temperature"),
        row(CHAT, chat("\"temperature\":-1e19"), 400, "invalid_parameter", "temperature"),
        row(CHAT, chat("\"top_p\":1.1"), 400, "invalid_parameter", "top_p"),
        row(CHAT, chat("\"top_k\":1.5"), 400, "invalid_parameter", "top_k"),
        row(CHAT, chat("\"top_k\":4294967296"), 400, "invalid_parameter", "top_k"),
        row(CHAT, chat("\"min_p\":-1"), 400, "invalid_parameter", "min_p"),
        row(CHAT, chat("\"typical_p\":[]"), 400, "invalid_parameter", "typical_p"),
        row(CHAT, chat("\"repeat_penalty\":-1"), 400, "invalid_parameter", "repeat_penalty"),
        row(CHAT, chat("\"repeat_penalty\":1e-38"), 400, "invalid_parameter", "repeat_penalty"),
        row(CHAT, chat("\"repeat_penalty\":0.0099"), 400, "invalid_parameter", "repeat_penalty"),
        row(CHAT, chat("\"repeat_penalty\":101"), 400, "invalid_parameter", "repeat_penalty"),
        row(
            PLAIN,
            text("\"repetition_penalty\":1e-300"),
            400,
            "invalid_parameter",
            "repetition_penalty"),
        row(CHAT, chat("\"presence_penalty\":3"), 400, "invalid_parameter", "presence_penalty"),
        row(CHAT, chat("\"frequency_penalty\":-3"), 400, "invalid_parameter", "frequency_penalty"),
        row(CHAT, chat("\"seed\":18446744073709551616"), 400, "invalid_parameter", "seed"),
        row(CHAT, chat("\"seed\":\"1\""), 400, "invalid_parameter", "seed"),
        row(CHAT, chat("\"max_tokens\":0"), 400, "invalid_parameter", "max_tokens"),
        row(CHAT, chat("\"max_tokens\":-2"), 400, "invalid_parameter", "max_tokens"),
        row(
            CHAT,
            chat("\"max_completion_tokens\":0"),
            400,
            "invalid_parameter",
            "max_completion_tokens"),
        row(CHAT, chat("\"n\":0"), 400, "invalid_parameter", "n"),
        row(CHAT, chat("\"n\":100"), 400, "invalid_parameter", "n"),
        row(CHAT, chat("\"n\":1000000000"), 400, "invalid_parameter", "n"),
        row(CHAT, chat("\"logit_bias\":[1]"), 400, "invalid_parameter", "logit_bias"),
        row(CHAT, chat("\"logit_bias\":{\"1\":500}"), 400, "invalid_parameter", "logit_bias.1"),
        row(
            CHAT,
            chat("\"top_logprobs\":21,\"logprobs\":true"),
            400,
            "invalid_parameter",
            "top_logprobs"),
        row(CHAT, chat("\"top_logprobs\":2"), 400, "invalid_parameter", "top_logprobs"),
        row(CHAT, chat("\"ctx_size\":-5"), 400, "invalid_parameter", "ctx_size"),
        row(CHAT, chat("\"threads\":\"many\""), 400, "invalid_parameter", "threads"),
        // whole numbers that no integer of the machine holds, written as floats
        row(CHAT, chat("\"n\":1e19"), 400, "invalid_parameter", "n"),
        row(CHAT, chat("\"seed\":1e19"), 400, "invalid_parameter", "seed"),
        row(CHAT, chat("\"seed\":-1e19"), 400, "invalid_parameter", "seed"),
        row(CHAT, chat("\"seed\":9223372036854775808.0"), 400, "invalid_parameter", "seed"),
        row(CHAT, chat("\"seed\":1e308"), 400, "invalid_parameter", "seed"),
        row(CHAT, chat("\"seed\":1e400"), 400, "invalid_parameter", "seed"),
        row(CHAT, chat("\"max_tokens\":1e19"), 400, "invalid_parameter", "max_tokens"),
        row(CHAT, chat("\"max_tokens\":-1e300"), 400, "invalid_parameter", "max_tokens"),
        row(
            CHAT,
            chat("\"max_completion_tokens\":1e20"),
            400,
            "invalid_parameter",
            "max_completion_tokens"),
        row(CHAT, chat("\"top_k\":-1e19"), 400, "invalid_parameter", "top_k"),
        row(
            CHAT,
            chat("\"logprobs\":true,\"top_logprobs\":1e19"),
            400,
            "invalid_parameter",
            "top_logprobs"),
        row(CHAT, chat("\"n_ctx\":1e100"), 400, "invalid_parameter", "n_ctx"),
        row(CHAT, chat("\"ctx_size\":1e19"), 400, "invalid_parameter", "ctx_size"),
        row(TEXT, text("\"best_of\":1e19"), 400, "invalid_parameter", "best_of"),
        row(TEXT, text("\"logprobs\":1e19"), 400, "invalid_parameter", "logprobs"),
        row(TEXT, "{\"prompt\":[1e19]}", 400, "invalid_parameter", "prompt[0]"),
        row(TEXT, "{\"prompt\":[[1,-1e300]]}", 400, "invalid_parameter", "prompt[0][1]"),
        row(PLAIN, "{\"prompt\":[1e19]}", 400, "invalid_parameter", "prompt[0]"),
        row(PLAIN, text("\"n_predict\":1e19"), 400, "invalid_parameter", "n_predict"),
        row(PLAIN, text("\"logit_bias\":[[1e19,1]]"), 400, "invalid_parameter", "logit_bias[0][0]"),
        // the rest
        row(CHAT, chat("\"truncation\":1"), 400, "invalid_parameter", "truncation"),
        row(CHAT, chat("\"truncation\":\"some\""), 400, "invalid_parameter", "truncation"),
        row(CHAT, chat("\"stream\":1"), 400, "invalid_parameter", "stream"),
        row(CHAT, chat("\"stop\":5"), 400, "invalid_parameter", "stop"),
        row(CHAT, chat("\"stop\":\"\""), 400, "invalid_parameter", "stop"),
        row(CHAT, chat("\"stop\":[1]"), 400, "invalid_parameter", "stop[0]"),
        row(
            CHAT,
            chat("\"stop\":[" + "\"x\",".repeat(40) + "\"x\"]"),
            400,
            "invalid_parameter",
            "stop"),
        row(
            CHAT,
            chat("\"stream_options\":{\"include_usage\":true}"),
            400,
            "invalid_parameter",
            "stream_options"),
        row(CHAT, chat("\"model\":5"), 400, "invalid_parameter", "model"),
        row(CHAT, chat("\"model\":\"unknown\""), 404, "model_not_found", "model"),
        row(CHAT, chat("\"metadata\":{\"a\":1}"), 400, "invalid_parameter", "metadata.a"),
        // known, but not here
        row(
            CHAT,
            chat("\"response_format\":{}"),
            400,
            "missing_required_parameter",
            "response_format.type"),
        row(
            CHAT,
            chat("\"modalities\":[\"text\",\"audio\"]"),
            400,
            "unsupported_parameter",
            "modalities[1]"),
        row(CHAT, chat("\"audio\":{}"), 400, "unsupported_parameter", "audio"),
        // completions
        row(TEXT, "{}", 400, "missing_required_parameter", "prompt"),
        row(TEXT, "{\"prompt\":5}", 400, "invalid_parameter", "prompt"),
        row(TEXT, "{\"prompt\":[]}", 400, "invalid_parameter", "prompt"),
        row(TEXT, "{\"prompt\":[[]]}", 400, "invalid_parameter", "prompt[0]"),
        row(TEXT, "{\"prompt\":[-1]}", 400, "invalid_parameter", "prompt[0]"),
        row(TEXT, "{\"prompt\":[1,\"a\"]}", 400, "invalid_parameter", "prompt[1]"),
        row(TEXT, "{\"prompt\":[[1,\"a\"]]}", 400, "invalid_parameter", "prompt[0][1]"),
        row(
            TEXT,
            "{\"prompt\":[" + "\"a\",".repeat(20) + "\"a\"]}",
            400,
            "invalid_parameter",
            "prompt"),
        row(TEXT, text("\"logprobs\":6"), 400, "invalid_parameter", "logprobs"),
        row(TEXT, text("\"logprobs\":true"), 400, "invalid_parameter", "logprobs"),
        row(TEXT, text("\"best_of\":2,\"n\":3"), 400, "invalid_parameter", "best_of"),
        row(TEXT, text("\"best_of\":2,\"stream\":true"), 400, "invalid_parameter", "best_of"),
        row(TEXT, text("\"best_of\":100"), 400, "invalid_parameter", "best_of"),
        row(TEXT, text("\"suffix\":\"y\""), 400, "unsupported_parameter", "suffix"),
        row(PLAIN, "{\"prompt\":null}", 400, "invalid_parameter", "prompt"),
        row(PLAIN, "{\"prompt\":[1,\"a\"]}", 400, "invalid_parameter", "prompt[1]"),
        row(PLAIN, "{\"prompt\":{}}", 400, "invalid_parameter", "prompt"),
        row(
            PLAIN,
            "{\"prompt\":[{\"prompt_string\":5}]}",
            400,
            "invalid_parameter",
            "prompt[0].prompt_string"),
        row(PLAIN, text("\"n_predict\":-2"), 400, "invalid_parameter", "n_predict"),
        row(PLAIN, text("\"n_predict\":\"5\""), 400, "invalid_parameter", "n_predict"),
        row(PLAIN, text("\"logit_bias\":[[1]]"), 400, "invalid_parameter", "logit_bias[0]"),
        row(PLAIN, text("\"mirostat\":2"), 400, "unsupported_parameter", "mirostat"),
        row(PLAIN, text("\"n_probs\":21"), 400, "invalid_parameter", "n_probs"),
        row(PLAIN, text("\"n_cmpl\":100"), 400, "invalid_parameter", "n_cmpl"),
        row(PLAIN, text("\"n\":100"), 400, "invalid_parameter", "n"),
        row(
            PLAIN,
            text("\"response_fields\":\"content\""),
            400,
            "invalid_parameter",
            "response_fields"),
        row("/nothing", "{}", 404, "not_found", ""));
  }

  @ParameterizedTest
  @MethodSource("badBodies")
  void a_bad_body_is_refused_by_name(
      String path, String body, int status, String code, String param) {
    assertRefused(gateway.post(path, body), status, code, param);
  }

  private static void assertRefused(
      HttpResponse<String> response, int status, String code, String param) {
    JsonNode error = Gateway.json(response).path("error");
    assertThat(error.path("code").asString("none")).as(response.body()).isEqualTo(code);
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(error.path("param").asString("")).isEqualTo(param);
    assertThat(error.path("message").stringValue()).isNotBlank().hasSizeLessThan(400);
    assertThat(error.path("type").stringValue()).isEqualTo("invalid_request_error");
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
  }

  @Test
  void a_large_bad_body_is_refused_the_same_way() {
    String filler = "x".repeat(200_000);
    assertRefused(
        gateway.post(CHAT, chat("\"user\":\"" + filler + "\",\"temperature\":9")),
        400,
        "invalid_parameter",
        "temperature");
  }

  @Test
  void invalid_utf8_is_refused() {
    byte[] body = chat("\"user\":\"?\"").getBytes(StandardCharsets.UTF_8);
    body[body.length - 3] = (byte) 0xC3;
    HttpRequest request =
        gateway.request(CHAT, "").POST(HttpRequest.BodyPublishers.ofByteArray(body)).build();
    assertRefused(gateway.send(request), 400, "invalid_json", "");
  }

  @Test
  void a_body_over_the_limit_is_413_declared_or_not() {
    byte[] body = new byte[2 << 20];
    assertRefused(
        gateway.send(
            gateway.request(CHAT, "").POST(HttpRequest.BodyPublishers.ofByteArray(body)).build()),
        413,
        "request_too_large",
        "");
    assertRefused(
        gateway.send(
            gateway
                .request(CHAT, "")
                .POST(
                    HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)))
                .build()),
        413,
        "request_too_large",
        "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=iso-8859-1",
        "application/jsonp",
        "*/*"
      })
  void another_content_type_is_415(String type) {
    HttpRequest request =
        HttpRequest.newBuilder(gateway.uri(CHAT))
            .header("content-type", type)
            .POST(HttpRequest.BodyPublishers.ofString(chat("\"n\":1")))
            .build();
    assertRefused(gateway.send(request), 415, "unsupported_media_type", "");
  }

  @Test
  void what_curl_sends_by_default_is_415_with_the_remedy() {
    HttpRequest request =
        HttpRequest.newBuilder(gateway.uri(CHAT))
            .header("content-type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build();
    assertThat(gateway.send(request).body()).contains("-H 'Content-Type: application/json'");
  }

  @Test
  void no_content_type_and_a_compressed_body_are_415() {
    HttpRequest untyped =
        HttpRequest.newBuilder(gateway.uri(CHAT))
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build();
    assertRefused(gateway.send(untyped), 415, "unsupported_media_type", "");
    HttpRequest zipped = gateway.request(CHAT, "{}").header("content-encoding", "gzip").build();
    assertRefused(gateway.send(zipped), 415, "unsupported_media_type", "");
  }
}
