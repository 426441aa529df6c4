package dev.bitfleet.gateway.dialect.responses;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Which events a response makes, in which order, and what they add up to. */
class ResponseWriterTest {
  private static final String DIGITS = "00112233445566778899aabbccddeeff";
  private static final Contract CONTRACT = Contract.load();
  private static final ResponsesDialect DIALECT =
      new ResponsesDialect(
          CONTRACT.defaults(Operation.CREATE_RESPONSE), new DialectSettings(16, () -> 42));

  private static final String TOOLS =
      "'tools':[{'type':'function','name':'add','parameters':{'type':'object'}}]";

  private final List<JsonNode> events = new ArrayList<>();
  private final List<String> names = new ArrayList<>();

  private static ResponseCall call(String fields) {
    JsonNode body =
        JsonMapper.shared()
            .readTree(
                ("{'input':'hi','stream':true" + (fields.isEmpty() ? "" : ",") + fields + "}")
                    .replace('\'', '"'));
    CONTRACT.check(Operation.CREATE_RESPONSE, body);
    return DIALECT.read(body, DIGITS, 1_700_000_000, true);
  }

  private final class Run {
    final ResponseState state;
    final ResponseWriter writer;

    Run(String fields) {
      state = new ResponseState(call(fields), "served");
      writer = new ResponseWriter(state, this::take);
    }

    void take(byte[] event) {
      String text = new String(event, StandardCharsets.UTF_8);
      assertThat(text).endsWith("\n\n");
      String[] lines = text.strip().split("\n");
      assertThat(lines).hasSize(2);
      names.add(lines[0].substring("event: ".length()));
      JsonNode data = JsonMapper.shared().readTree(lines[1].substring("data: ".length()));
      assertThat(data.path("type").stringValue()).isEqualTo(names.getLast());
      assertThat(data.path("sequence_number").intValue()).isEqualTo(events.size());
      events.add(data);
    }

    Run open() {
      writer.opened(new CompletionEvent.Opened(0, "demo", "f", 7, 2));
      return this;
    }

    Run says(String... pieces) {
      for (String piece : pieces) {
        writer.delta(new CompletionEvent.Delta(0, piece, List.of(token(piece))));
      }
      return this;
    }

    Run finishes(FinishReason reason) {
      writer.finished(
          new CompletionEvent.Finished(0, reason, "", new Usage(7, 2, 3), 1, 1), 1_700_000_001);
      take(writer.lastEvent());
      return this;
    }
  }

  private static TokenDetail token(String text) {
    return new TokenDetail(
        1,
        text.getBytes(StandardCharsets.UTF_8),
        OptionalDouble.of(-0.25),
        List.of(new TokenDetail.Alternative(2, "x".getBytes(StandardCharsets.UTF_8), -1.5)));
  }

  private JsonNode last() {
    return events.getLast().path("response");
  }

  @Test
  void a_text_has_its_events_in_openais_order() {
    new Run("'store':false").open().says("Hel", "lo").finishes(FinishReason.STOP_TOKEN);
    assertThat(names)
        .containsExactly(
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed");
    assertThat(events.get(0).path("response").path("status").stringValue())
        .isEqualTo("in_progress");
    assertThat(events.get(2).path("item").path("status").stringValue()).isEqualTo("in_progress");
    assertThat(events.get(4).toString())
        .isEqualTo(
            "{\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"item_id\":\"msg_"
                + DIGITS
                + "0001\",\"output_index\":0,\"content_index\":0,\"delta\":\"Hel\",\"logprobs\":[]}");
    assertThat(events.get(6).path("text").stringValue()).isEqualTo("Hello");
    JsonNode whole = last();
    assertThat(whole.path("status").stringValue()).isEqualTo("completed");
    assertThat(whole.path("completed_at").longValue()).isEqualTo(1_700_000_001);
    assertThat(whole.path("model").stringValue()).isEqualTo("demo");
    assertThat(whole.path("output").path(0)).isEqualTo(events.get(8).path("item"));
    assertThat(whole.path("usage").toString())
        .isEqualTo(
            "{\"input_tokens\":7,\"input_tokens_details\":{\"cached_tokens\":2,\"cache_write_tokens\":0},"
                + "\"output_tokens\":3,\"output_tokens_details\":{\"reasoning_tokens\":0},"
                + "\"total_tokens\":10}");
  }

  @Test
  void a_background_response_is_queued_first() {
    Run run = new Run("'background':true");
    run.writer.created();
    run.open().says("a").finishes(FinishReason.STOP_TOKEN);
    assertThat(names.subList(0, 3))
        .containsExactly("response.created", "response.queued", "response.in_progress");
    assertThat(events.get(0).path("response").path("status").stringValue()).isEqualTo("queued");
    assertThat(events.get(1).path("response").path("status").stringValue()).isEqualTo("queued");
  }

  @Test
  void text_and_two_calls_are_three_items() {
    new Run(TOOLS)
        .open()
        .says("I add. \n", "<tool_call>\n{\"name\": \"add\", \"argu")
        .says("ments\": {\"a\": 1", "}}\n</tool_call>\n<tool_call>\n")
        .says("{\"name\": \"add\", \"arguments\": {}}\n</tool_call>")
        .finishes(FinishReason.STOP_TOKEN);
    assertThat(String.join(" ", names).replace("response.", ""))
        .matches(
            "created in_progress output_item.added content_part.added( output_text.delta)+"
                + " output_text.done content_part.done output_item.done"
                + " output_item.added( function_call_arguments.delta)+"
                + " function_call_arguments.done output_item.done"
                + " output_item.added( function_call_arguments.delta)*"
                + " function_call_arguments.done output_item.done completed");
    JsonNode output = last().path("output");
    assertThat(output.size()).isEqualTo(3);
    assertThat(output.path(0).path("content").path(0).path("text").stringValue())
        .isEqualTo("I add.");
    assertThat(output.path(1).path("type").stringValue()).isEqualTo("function_call");
    assertThat(output.path(1).path("arguments").stringValue()).isEqualTo("{\"a\": 1}");
    assertThat(output.path(1).path("call_id").stringValue()).isEqualTo("call_" + DIGITS + "0002");
    assertThat(output.path(2).path("id").stringValue()).isEqualTo("fc_" + DIGITS + "0003");
    String joined =
        events.stream()
            .filter(e -> e.path("type").stringValue().endsWith("arguments.delta"))
            .filter(e -> e.path("output_index").intValue() == 1)
            .map(e -> e.path("delta").stringValue())
            .reduce("", String::concat);
    assertThat(joined).isEqualTo("{\"a\": 1}");
  }

  @Test
  void an_answer_cut_by_its_limit_is_incomplete_and_so_is_its_last_item() {
    new Run("'max_output_tokens':2").open().says("ab").finishes(FinishReason.LENGTH);
    assertThat(names.getLast()).isEqualTo("response.incomplete");
    assertThat(last().path("incomplete_details").path("reason").stringValue())
        .isEqualTo("max_output_tokens");
    assertThat(last().path("output").path(0).path("status").stringValue()).isEqualTo("incomplete");
    assertThat(last().path("completed_at").isNull()).isTrue();
  }

  @Test
  void a_call_cut_by_the_limit_is_an_incomplete_call() {
    new Run(TOOLS)
        .open()
        .says("<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": ")
        .finishes(FinishReason.LENGTH);
    JsonNode item = last().path("output").path(0);
    assertThat(item.path("type").stringValue()).isEqualTo("function_call");
    assertThat(item.path("status").stringValue()).isEqualTo("incomplete");
    assertThat(item.path("arguments").stringValue()).startsWith("{\"a\":");
    assertThat(names).contains("response.function_call_arguments.done");
  }

  @Test
  void a_silent_model_has_answered_with_an_empty_message() {
    new Run("").open().finishes(FinishReason.STOP_TOKEN);
    assertThat(last().path("output").path(0).path("content").path(0).path("text").stringValue())
        .isEmpty();
    assertThat(names).contains("response.output_item.added", "response.output_item.done");
  }

  @Test
  void a_failure_keeps_what_was_said_as_incomplete() {
    Run run = new Run("").open().says("half");
    run.writer.failed(ApiError.server(500, "engine_failed", "The engine failed."));
    run.take(run.writer.lastEvent());
    assertThat(names.getLast()).isEqualTo("response.failed");
    assertThat(last().path("error").toString())
        .isEqualTo("{\"code\":\"server_error\",\"message\":\"The engine failed.\"}");
    assertThat(last().path("output").path(0).path("status").stringValue()).isEqualTo("incomplete");
    assertThat(last().path("usage").isNull()).isTrue();
  }

  @Test
  void a_failure_before_anything_was_said_still_begins_with_created() {
    Run run = new Run("'background':true");
    run.writer.created();
    run.writer.failed(ApiError.invalid(400, "x", java.util.Optional.empty(), "too long"));
    run.take(run.writer.lastEvent());
    assertThat(names).containsExactly("response.created", "response.queued", "response.failed");
    assertThat(last().path("error").path("code").stringValue()).isEqualTo("invalid_prompt");
  }

  @Test
  void what_is_called_off_ends_with_an_event_that_clients_know() {
    Run run = new Run("").open().says("half");
    run.writer.cancelled();
    run.take(run.writer.lastEvent());
    assertThat(names.getLast()).isEqualTo("response.incomplete");
    assertThat(last().path("status").stringValue()).isEqualTo("cancelled");
  }

  @Test
  void logprobs_come_with_each_delta_and_with_the_whole() {
    new Run("'include':['message.output_text.logprobs'],'top_logprobs':1")
        .open()
        .says("a", "b")
        .finishes(FinishReason.STOP_TOKEN);
    String token =
        "{\"token\":\"%s\",\"logprob\":-0.25,\"bytes\":[%d],\"top_logprobs\":"
            + "[{\"token\":\"x\",\"logprob\":-1.5,\"bytes\":[120]}]}";
    assertThat(events.get(4).path("logprobs").toString())
        .isEqualTo("[" + token.formatted("a", 97) + "]");
    assertThat(last().path("output").path(0).path("content").path(0).path("logprobs").toString())
        .isEqualTo("[" + token.formatted("a", 97) + "," + token.formatted("b", 98) + "]");
  }

  @Test
  void the_same_completion_makes_the_same_bytes() {
    List<List<byte[]>> runs = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      List<byte[]> bytes = new ArrayList<>();
      ResponseWriter writer =
          new ResponseWriter(new ResponseState(call(TOOLS), "served"), bytes::add);
      writer.opened(new CompletionEvent.Opened(0, "demo", "f", 7, 2));
      writer.delta(
          new CompletionEvent.Delta(
              0,
              "so <tool_call>\n{\"name\": \"add\", \"arguments\": {}}\n</tool_call>",
              List.of()));
      writer.finished(
          new CompletionEvent.Finished(0, FinishReason.STOP_TOKEN, "", new Usage(7, 2, 3), 1, 1),
          5);
      bytes.add(writer.lastEvent());
      runs.add(bytes);
    }
    assertThat(runs.get(0)).usingRecursiveComparison().isEqualTo(runs.get(1));
  }

  @Test
  void a_choice_that_begins_anew_leaves_nothing_of_the_first_try() {
    Run run = new Run("").open().says("void");
    run.open().says("real");
    run.finishes(FinishReason.STOP_TOKEN);
    assertThat(last().path("output").size()).isEqualTo(1);
    assertThat(last().path("output").path(0).path("content").path(0).path("text").stringValue())
        .isEqualTo("real");
  }

  @Test
  void a_whole_answer_is_replayed_with_the_events_that_make_it() {
    Run run = new Run(TOOLS);
    run.open()
        .says("so <tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\":1}}\n</tool_call>")
        .finishes(FinishReason.STOP_TOKEN);
    List<String> live = List.copyOf(names);
    ObjectNode response = run.state.json();
    events.clear();
    names.clear();
    ResponseWriter.replay(response).forEach(run::take);
    assertThat(distinct(names)).isEqualTo(distinct(live));
    assertThat(last().toString()).isEqualTo(response.toString());
  }

  private static List<String> distinct(List<String> names) {
    List<String> without = new ArrayList<>();
    for (String name : names) {
      if (without.isEmpty() || !without.getLast().equals(name)) {
        without.add(name);
      }
    }
    return without;
  }

  private List<JsonNode> inBackground(String... pieces) {
    events.clear();
    names.clear();
    Run run = new Run("'background':true," + TOOLS);
    run.writer.created();
    run.open().says(pieces).finishes(FinishReason.STOP_TOKEN);
    return List.copyOf(events);
  }

  @Test
  void a_background_response_has_the_same_events_however_its_text_comes() {
    String text =
        "One, two\n  and a-very-long-word-of-many-letters \uD83D\uDE00."
            + "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1, \"b\": 22222}}\n</tool_call>";
    List<JsonNode> whole = inBackground(text);
    assertThat(names).filteredOn("response.output_text.delta"::equals).hasSizeGreaterThan(4);
    assertThat(names).contains("response.function_call_arguments.delta");
    List<String> points = text.codePoints().mapToObj(Character::toString).toList();
    assertThat(inBackground(points.toArray(String[]::new))).isEqualTo(whole);
    assertThat(inBackground(text.substring(0, 11), text.substring(11, 30), text.substring(30)))
        .isEqualTo(whole);
  }
}
