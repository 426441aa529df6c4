package dev.bitfleet.gateway.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.ContractSchemas;
import dev.bitfleet.gateway.contract.JsonText;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.llamacpp.PlainDialect;
import dev.bitfleet.gateway.dialect.openai.ChatDialect;
import dev.bitfleet.gateway.dialect.openai.TextDialect;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** Answers, byte for byte; and each of them fits the contract's own schema. */
class FormatsTest {
  private static final Contract CONTRACT = Contract.load();
  private static final DialectSettings SETTINGS = new DialectSettings(16, () -> 42);
  private static final AnswerStamp STAMP = new AnswerStamp("ABC", 1_700_000_000);
  private static final String CHAT_HEAD =
      "\"id\":\"chatcmpl-ABC\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"m\\\"1\",\"system_fingerprint\":\"fp_f00d\"";
  private static final String CHUNK_HEAD =
      "\"id\":\"chatcmpl-ABC\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\\\"1\",\"system_fingerprint\":\"fp_f00d\"";
  private static final String USAGE =
      "{\"prompt_tokens\":10,\"completion_tokens\":4,\"total_tokens\":14,\"cached_tokens\":3,\"prompt_tokens_details\":{\"cached_tokens\":3,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";

  private static Call read(Operation operation, String body) {
    Dialect dialect =
        switch (operation) {
          case CREATE_COMPLETION -> new TextDialect(CONTRACT.defaults(operation), SETTINGS);
          case CREATE_PLAIN_COMPLETION -> new PlainDialect(CONTRACT.defaults(operation), SETTINGS);
          default -> new ChatDialect(CONTRACT.defaults(operation), SETTINGS);
        };
    var tree = JsonText.read(body.getBytes(StandardCharsets.UTF_8));
    CONTRACT.check(operation, tree);
    return dialect.read(tree);
  }

  private static CompletionEvent.Opened opened(int choice) {
    return new CompletionEvent.Opened(choice, "m\"1", "f00d", 10, 3);
  }

  private static CompletionEvent.Finished finished(int choice, FinishReason reason, String stop) {
    return new CompletionEvent.Finished(choice, reason, stop, new Usage(10, 3, 4), 2000, 8000);
  }

  private static TokenDetail token(String text, double logprob) {
    return new TokenDetail(
        7,
        text.getBytes(StandardCharsets.UTF_8),
        OptionalDouble.of(logprob),
        List.of(
            new TokenDetail.Alternative(9, new byte[] {(byte) 0xE6}, Double.NEGATIVE_INFINITY)));
  }

  private static String whole(Call call, CompletionEvent.Finished finished, TokenDetail... tokens) {
    JsonBytes out = new JsonBytes(16);
    call.format()
        .whole(
            STAMP,
            List.of(
                new ChoiceAnswer(opened(0), List.of(), "Hi \"you\"\n", List.of(tokens), finished)),
            out);
    return out.toString();
  }

  private static void assertFits(String schema, String json) {
    assertThat(ContractSchemas.errors(CONTRACT, schema, JsonMapper.shared().readTree(json)))
        .isEmpty();
  }

  @Test
  void a_whole_chat() {
    Call call =
        read(
            Operation.CREATE_CHAT_COMPLETION,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");
    String json = whole(call, finished(0, FinishReason.STOP_TOKEN, ""));
    assertThat(json)
        .isEqualTo(
            "{"
                + CHAT_HEAD
                + ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi \\\"you\\\"\\n\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":"
                + USAGE
                + "}");
    assertFits("ChatCompletion", json);
  }

  @Test
  void a_whole_chat_with_logprobs() {
    Call call =
        read(
            Operation.CREATE_CHAT_COMPLETION,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"logprobs\":true,\"top_logprobs\":1}");
    String json =
        whole(call, finished(0, FinishReason.LENGTH, ""), token("é", -0.25), token("b", -1e-9));
    assertThat(json)
        .contains(
            "\"logprobs\":{\"content\":[{\"token\":\"é\",\"logprob\":-0.25,\"bytes\":[195,169],\"top_logprobs\":[{\"token\":\"\uFFFD\",\"logprob\":-9999.0,\"bytes\":[230]}]},{\"token\":\"b\",\"logprob\":-1.0E-9,")
        .contains("\"refusal\":null},\"finish_reason\":\"length\"");
    assertFits("ChatCompletion", json);
  }

  @Test
  void a_streamed_chat() {
    Call call =
        read(
            Operation.CREATE_CHAT_COMPLETION,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    StreamFormat stream = call.format().stream(STAMP);
    JsonBytes out = new JsonBytes(16);
    stream.opened(opened(0), out);
    stream.opened(opened(0), out);
    stream.delta(new CompletionEvent.Delta(0, "Hi\n", List.of()), out);
    stream.finished(finished(0, FinishReason.STOP_STRING, "x"), out);
    stream.complete(out);
    assertThat(out.toString())
        .isEqualTo(
            "data: {"
                + CHUNK_HEAD
                + ",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
                + "data: {"
                + CHUNK_HEAD
                + ",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\\n\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
                + "data: {"
                + CHUNK_HEAD
                + ",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
                + "data: {"
                + CHUNK_HEAD
                + ",\"choices\":[],\"usage\":"
                + USAGE
                + "}\n\n"
                + "data: [DONE]\n\n");
    out.toString()
        .lines()
        .filter(line -> line.startsWith("data: {"))
        .forEach(line -> assertFits("ChatCompletionChunk", line.substring(6)));
  }

  @Test
  void a_broken_stream_ends_with_the_envelope() {
    Call call = read(Operation.CREATE_COMPLETION, "{\"prompt\":\"x\",\"stream\":true}");
    StreamFormat stream = call.format().stream(STAMP);
    JsonBytes out = new JsonBytes(16);
    stream.failed(ApiError.server(500, "engine_failed", "It failed."), out);
    assertThat(out.toString())
        .isEqualTo(
            "data: {\"error\":{\"message\":\"It failed.\",\"type\":\"server_error\",\"param\":null,\"code\":\"engine_failed\"}}\n\n");
  }

  @Test
  void a_whole_completion_with_logprobs() {
    Call call = read(Operation.CREATE_COMPLETION, "{\"prompt\":\"x\",\"logprobs\":1}");
    String json =
        whole(call, finished(0, FinishReason.LENGTH, ""), token("日本", -1), token("b", -2));
    assertThat(json)
        .contains("\"id\":\"cmpl-ABC\",\"object\":\"text_completion\"")
        .contains(
            "\"logprobs\":{\"tokens\":[\"日本\",\"b\"],\"token_logprobs\":[-1.0,-2.0],\"top_logprobs\":[{\"\uFFFD\":-9999.0},{\"\uFFFD\":-9999.0}],\"text_offset\":[0,2]}");
    assertFits("Completion", json);
  }

  @Test
  void a_streamed_completion_with_echo() {
    Call call =
        read(
            Operation.CREATE_COMPLETION,
            "{\"prompt\":[\"one\",\"two\"],\"stream\":true,\"echo\":true}");
    StreamFormat stream = call.format().stream(STAMP);
    JsonBytes out = new JsonBytes(16);
    stream.opened(opened(1), out);
    stream.delta(new CompletionEvent.Delta(1, "+", List.of()), out);
    stream.finished(finished(1, FinishReason.LENGTH, ""), out);
    stream.complete(out);
    assertThat(out.toString())
        .contains("{\"index\":1,\"text\":\"two\",\"logprobs\":null,\"finish_reason\":null}]}")
        .contains("{\"index\":1,\"text\":\"+\",\"logprobs\":null,\"finish_reason\":null}]}")
        .contains("{\"index\":1,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"length\"}]}")
        .endsWith("data: [DONE]\n\n");
    out.toString()
        .lines()
        .filter(line -> line.startsWith("data: {"))
        .forEach(line -> assertFits("Completion", line.substring(6)));
  }

  @Test
  void a_plain_completion() {
    Call call =
        read(
            Operation.CREATE_PLAIN_COMPLETION,
            "{\"prompt\":\"x\",\"stop\":\"END\",\"logit_bias\":[[5,false],[6,1.5],[7,true]]}");
    assertThat(call.request().sampling().logitBias()).containsOnlyKeys(5, 6);
    String json = whole(call, finished(0, FinishReason.STOP_STRING, "END"));
    assertThat(json)
        .startsWith("{\"index\":0,\"content\":\"Hi \\\"you\\\"\\n\"")
        .contains("\"stop_type\":\"word\"")
        .contains("\"stopped_word\":true")
        .contains("\"stopping_word\":\"END\"")
        .contains("\"prompt_n\":7")
        .contains("\"predicted_per_token_ms\":2.0")
        .contains("\"stop\":[\"END\"]");
    assertFits("PlainCompletion", json);
  }

  @Test
  void a_plain_stream() {
    Call call = read(Operation.CREATE_PLAIN_COMPLETION, "{\"prompt\":\"x\",\"stream\":true}");
    StreamFormat stream = call.format().stream(STAMP);
    JsonBytes out = new JsonBytes(16);
    stream.opened(opened(0), out);
    stream.delta(new CompletionEvent.Delta(0, "Hi", List.of(token("Hi", -1))), out);
    assertThat(out.toString())
        .isEqualTo(
            "data: {\"index\":0,\"content\":\"Hi\",\"tokens\":[7],\"stop\":false,\"id_slot\":0,\"tokens_predicted\":1,\"tokens_evaluated\":10}\n\n");
    assertFits("PlainCompletionChunk", out.toString().substring(6));
    out.clear();
    stream.finished(finished(0, FinishReason.STOP_TOKEN, ""), out);
    stream.complete(out);
    assertThat(out.toString())
        .startsWith("data: {\"index\":0,\"content\":\"\"")
        .contains("\"stop\":true")
        .doesNotContain("[DONE]");
    assertFits("PlainCompletion", out.toString().substring(6));
  }

  @Test
  void a_repeat_penalty_of_zero_and_its_other_name_mean_what_they_say() {
    assertThat(
            read(Operation.CREATE_PLAIN_COMPLETION, "{\"prompt\":\"x\",\"repetition_penalty\":0}")
                .request()
                .sampling()
                .repeatPenalty())
        .isEqualTo(1);
    assertThat(
            read(Operation.CREATE_PLAIN_COMPLETION, "{\"prompt\":\"x\",\"repetition_penalty\":1.5}")
                .request()
                .sampling()
                .repeatPenalty())
        .isEqualTo(1.5);
  }
}
