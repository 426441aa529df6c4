package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.ContractSchemas;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import dev.bitfleet.proto.ToolDescription;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tools, functions and formats: what the worker is asked, and what clients get for its answer. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ToolsHttpTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final Contract CONTRACT = Contract.load();
  private static final String WEATHER =
      "{'type':'function','function':{'name':'weather','description':'Tells it.','parameters':"
          + "{'type':'object','properties':{'city':{'type':'string'}},'required':['city']}}}";
  private static final String TIME = "{'type':'function','function':{'name':'time'}}";
  private static final String TOOLS = "'tools':[" + WEATHER + "," + TIME + "]";
  private static final String PARIS =
      "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\":\"Paris\"}}\n</tool_call>";
  private static final String NOW =
      "<tool_call>\n{\"name\": \"time\", \"arguments\": {}}\n</tool_call>";

  private final Gateway gateway = Gateway.withWorker(options -> options);

  @AfterAll
  void stop() {
    gateway.close();
  }

  private String post(String more) {
    return gateway
        .post(
            CHAT, ("{'messages':[{'role':'user','content':'hi'}]," + more + "}").replace('\'', '"'))
        .body();
  }

  private JsonNode answer(String more) {
    JsonNode answer = JsonMapper.shared().readTree(post(more));
    assertThat(ContractSchemas.errors(CONTRACT, "ChatCompletion", answer)).isEmpty();
    return answer;
  }

  private List<JsonNode> chunks(String more) {
    List<JsonNode> chunks = Gateway.chunks(post("'stream':true," + more));
    assertThat(chunks)
        .allSatisfy(
            chunk ->
                assertThat(ContractSchemas.errors(CONTRACT, "ChatCompletionChunk", chunk))
                    .isEmpty());
    return chunks;
  }

  private GenerationRequest seen() {
    return gateway.worker().seen().getLast();
  }

  private static String[] cut(String text, int length) {
    return IntStream.iterate(0, at -> at < text.length(), at -> at + length)
        .mapToObj(at -> text.substring(at, Math.min(text.length(), at + length)))
        .toArray(String[]::new);
  }

  @Test
  void the_model_is_told_of_the_tools_and_held_to_their_form() {
    post(TOOLS);
    assertThat(seen().prompt())
        .isEqualTo(
            new Prompt.Chat(
                List.of(new ChatMessage(Role.USER, "hi")),
                List.of(
                    new ToolDescription(
                        "weather",
                        "Tells it.",
                        "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}"),
                    new ToolDescription("time", "", ""))));
    assertThat(seen().grammar()).contains("root ::=").contains("weather").contains("time");
  }

  @Test
  void without_a_choice_of_tools_the_model_is_told_of_none() {
    post(TOOLS + ",'tool_choice':'none'");
    assertThat(seen().prompt())
        .isEqualTo(new Prompt.Chat(List.of(new ChatMessage(Role.USER, "hi"))));
    assertThat(seen().grammar()).isEmpty();
  }

  @Test
  void a_named_tool_and_allowed_ones_narrow_the_grammar_but_not_the_prompt() {
    post(TOOLS + ",'tool_choice':{'type':'function','function':{'name':'time'}}");
    assertThat(seen().grammar()).contains("time").doesNotContain("weather");
    assertThat(seen().prompt())
        .isInstanceOfSatisfying(Prompt.Chat.class, chat -> assertThat(chat.tools()).hasSize(2));
    post(
        TOOLS
            + ",'tool_choice':{'type':'allowed_tools','allowed_tools':{'mode':'auto','tools':"
            + "[{'type':'function','function':{'name':'weather'}}]}}");
    assertThat(seen().grammar()).contains("weather").doesNotContain("time");
  }

  @Test
  void the_choice_and_parallel_calls_each_have_a_grammar_of_their_own() {
    List<String> grammars =
        List.of("'tool_choice':'auto'", "'tool_choice':'required'", "'parallel_tool_calls':false")
            .stream()
            .map(
                more -> {
                  post(TOOLS + "," + more);
                  return seen().grammar();
                })
            .toList();
    assertThat(grammars).doesNotHaveDuplicates().doesNotContain("");
  }

  @Test
  void a_call_becomes_a_tool_call_and_its_content_null() {
    gateway.worker().script(Behaviour.Say.of(cut(PARIS, 7)));
    JsonNode choice = answer(TOOLS).path("choices").path(0);
    assertThat(choice.path("finish_reason").stringValue()).isEqualTo("tool_calls");
    assertThat(choice.path("message").path("content").isNull()).isTrue();
    JsonNode call = choice.path("message").path("tool_calls").path(0);
    assertThat(call.path("id").stringValue()).matches("call_[A-Za-z0-9]{24}");
    assertThat(call.path("type").stringValue()).isEqualTo("function");
    assertThat(call.path("function").path("name").stringValue()).isEqualTo("weather");
    assertThat(call.path("function").path("arguments").stringValue())
        .isEqualTo("{\"city\":\"Paris\"}");
  }

  @Test
  void text_before_calls_stays_text_and_the_calls_have_ids_of_their_own() {
    gateway.worker().script(Behaviour.Say.of("Let me see.", "\n", PARIS, "\n", NOW));
    JsonNode message = answer(TOOLS).path("choices").path(0).path("message");
    assertThat(message.path("content").stringValue()).isEqualTo("Let me see.");
    assertThat(message.path("tool_calls"))
        .extracting(call -> call.path("function").path("name").stringValue())
        .containsExactly("weather", "time");
    assertThat(message.path("tool_calls"))
        .extracting(call -> call.path("id").stringValue())
        .doesNotHaveDuplicates();
  }

  @Test
  void an_answer_without_calls_is_text() {
    gateway.worker().script(Behaviour.Say.of("Hello <tool", " there. "));
    JsonNode choice = answer(TOOLS).path("choices").path(0);
    assertThat(choice.path("message").path("content").stringValue())
        .isEqualTo("Hello <tool there. ");
    assertThat(choice.path("message").has("tool_calls")).isFalse();
    assertThat(choice.path("finish_reason").stringValue()).isEqualTo("stop");
  }

  @Test
  void with_no_tools_what_looks_like_a_call_is_text() {
    gateway.worker().script(Behaviour.Say.of(PARIS), Behaviour.Say.of(PARIS));
    for (String more : List.of("'n':1", TOOLS + ",'tool_choice':'none'")) {
      assertThat(answer(more).path("choices").path(0).path("message").path("content").stringValue())
          .isEqualTo(PARIS);
    }
  }

  @Test
  void a_call_that_the_limit_cut_ends_with_length() {
    gateway
        .worker()
        .script(
            new Behaviour.Say(
                List.of(PARIS.substring(0, PARIS.indexOf("ris"))), FinishReason.LENGTH));
    JsonNode choice = answer(TOOLS).path("choices").path(0);
    assertThat(choice.path("finish_reason").stringValue()).isEqualTo("length");
    assertThat(
            choice
                .path("message")
                .path("tool_calls")
                .path(0)
                .path("function")
                .path("arguments")
                .stringValue())
        .isEqualTo("{\"city\":\"Pa");
  }

  @Test
  void a_call_that_a_stop_string_cut_does_not_pass_for_a_whole_one() {
    String begun = PARIS.substring(0, PARIS.indexOf("ris"));
    Behaviour cut = new Behaviour.Say(List.of(begun), FinishReason.STOP_STRING);
    gateway.worker().script(cut, cut);
    String more = TOOLS + ",'stop':['ris']";
    assertThat(answer(more).path("choices").path(0).path("finish_reason").stringValue())
        .isEqualTo("length");
    assertThat(chunks(more).getLast().path("choices").path(0).path("finish_reason").stringValue())
        .isEqualTo("length");
  }

  @Test
  void a_stream_begins_each_call_with_id_type_and_name_and_goes_on_with_arguments() {
    gateway.worker().script(Behaviour.Say.of(cut("Let me see.\n" + PARIS + "\n" + NOW, 5)));
    List<JsonNode> chunks = chunks(TOOLS);
    JsonNode first = delta(chunks.getFirst());
    assertThat(first.path("role").stringValue()).isEqualTo("assistant");
    assertThat(first.path("content").isNull()).isTrue();
    assertThat(joined(chunks, "content")).isEqualTo("Let me see.");
    List<JsonNode> calls =
        chunks.stream()
            .map(chunk -> delta(chunk).path("tool_calls").path(0))
            .filter(call -> !call.isMissingNode())
            .toList();
    List<JsonNode> heads = calls.stream().filter(call -> call.has("id")).toList();
    assertThat(heads)
        .extracting(call -> call.path("function").path("name").stringValue())
        .containsExactly("weather", "time");
    assertThat(heads).extracting(call -> call.path("index").intValue()).containsExactly(0, 1);
    assertThat(heads)
        .allSatisfy(
            call -> {
              assertThat(call.path("id").stringValue()).startsWith("call_");
              assertThat(call.path("type").stringValue()).isEqualTo("function");
              assertThat(call.path("function").path("arguments").stringValue()).isEmpty();
            });
    assertThat(arguments(calls, 0)).isEqualTo("{\"city\":\"Paris\"}");
    assertThat(arguments(calls, 1)).isEqualTo("{}");
    assertThat(calls)
        .filteredOn(call -> !call.has("id"))
        .allSatisfy(call -> assertThat(call.has("type")).isFalse());
    assertThat(chunks.getLast().path("choices").path(0).path("finish_reason").stringValue())
        .isEqualTo("tool_calls");
  }

  private static JsonNode delta(JsonNode chunk) {
    return chunk.path("choices").path(0).path("delta");
  }

  private static String joined(List<JsonNode> chunks, String field) {
    return chunks.stream()
        .map(chunk -> delta(chunk).path(field).asString(""))
        .collect(Collectors.joining());
  }

  private static String arguments(List<JsonNode> calls, int index) {
    return calls.stream()
        .filter(call -> call.path("index").intValue() == index)
        .map(call -> call.path("function").path("arguments").stringValue())
        .collect(Collectors.joining());
  }

  @Test
  void several_choices_of_a_stream_do_not_mix_their_calls() {
    gateway
        .worker()
        .script(Behaviour.Say.of(cut(PARIS, 3)), Behaviour.Say.of(cut("Just text.", 3)));
    List<JsonNode> chunks = chunks(TOOLS + ",'n':2,'stream_options':{'include_usage':true}");
    JsonNode usage = chunks.getLast();
    assertThat(usage.path("choices").isEmpty()).isTrue();
    assertThat(usage.path("usage").path("prompt_tokens").intValue()).isEqualTo(7);
    List<JsonNode> all = chunks.subList(0, chunks.size() - 1);
    List<String> reasons =
        all.stream()
            .map(chunk -> chunk.path("choices").path(0))
            .filter(choice -> !choice.path("finish_reason").isNull())
            .map(choice -> choice.path("finish_reason").stringValue())
            .toList();
    assertThat(reasons).containsExactlyInAnyOrder("tool_calls", "stop");
    assertThat(joined(all, "content")).isEqualTo("Just text.");
  }

  @Test
  void every_token_is_told_with_its_logprob_also_those_that_make_no_text() {
    String[] pieces = cut("See: " + PARIS, 4);
    gateway.worker().script(Behaviour.Say.of(pieces), Behaviour.Say.of(pieces));
    List<String> whole =
        tokens(answer(TOOLS + ",'logprobs':true").path("choices").path(0).path("logprobs"));
    assertThat(whole).containsExactly(pieces);
    List<String> streamed =
        chunks(TOOLS + ",'logprobs':true").stream()
            .flatMap(chunk -> tokens(chunk.path("choices").path(0).path("logprobs")).stream())
            .toList();
    assertThat(streamed).containsExactly(pieces);
  }

  private static List<String> tokens(JsonNode logprobs) {
    return StreamSupport.stream(logprobs.path("content").spliterator(), false)
        .map(token -> token.path("token").stringValue())
        .toList();
  }

  @Test
  void an_answer_whose_engine_died_before_its_first_token_is_whole() {
    gateway.worker().script(new Behaviour.FailAfter(0, FailureCause.ENGINE_LOST));
    gateway.worker().script(Behaviour.Say.of(PARIS));
    JsonNode message = answer(TOOLS).path("choices").path(0).path("message");
    assertThat(message.path("content").isNull()).isTrue();
    assertThat(message.path("tool_calls").size()).isEqualTo(1);
  }

  @Test
  void functions_get_their_call_in_the_old_form() {
    String functions = "'functions':[{'name':'weather','parameters':{'type':'object'}}]";
    gateway.worker().script(Behaviour.Say.of(PARIS), Behaviour.Say.of(cut(PARIS, 6)));
    JsonNode choice = answer(functions).path("choices").path(0);
    assertThat(choice.path("finish_reason").stringValue()).isEqualTo("function_call");
    assertThat(choice.path("message").has("tool_calls")).isFalse();
    assertThat(choice.path("message").path("function_call").path("name").stringValue())
        .isEqualTo("weather");
    List<JsonNode> calls =
        chunks(functions).stream()
            .map(chunk -> delta(chunk).path("function_call"))
            .filter(call -> !call.isMissingNode())
            .toList();
    assertThat(calls.getFirst().path("name").stringValue()).isEqualTo("weather");
    assertThat(
            calls.stream()
                .map(call -> call.path("arguments").stringValue())
                .collect(Collectors.joining()))
        .isEqualTo("{\"city\":\"Paris\"}");
  }

  @Test
  void a_conversation_with_calls_and_their_answers_reaches_the_worker() {
    gateway.post(
        CHAT,
        """
        {"messages":[
          {"role":"user","content":"hi"},
          {"role":"assistant","content":null,"tool_calls":[
            {"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\\"city\\":\\"Rome\\"}"}},
            {"id":"call_2","type":"function","function":{"name":"time","arguments":""}}]},
          {"role":"tool","tool_call_id":"call_1","content":[{"type":"text","text":"sunny"}]},
          {"role":"assistant","content":"","function_call":{"name":"old","arguments":"{}"}},
          {"role":"function","name":"old","content":null},
          {"role":"assistant","content":[{"type":"text","text":"a"},{"type":"refusal","refusal":"b"}]},
          {"role":"assistant","refusal":"never"}]}""");
    assertThat(seen().prompt())
        .isEqualTo(
            new Prompt.Chat(
                List.of(
                    new ChatMessage(Role.USER, "hi"),
                    new ChatMessage(
                        Role.ASSISTANT,
                        "",
                        "",
                        List.of(
                            new ToolCall("call_1", "weather", "{\"city\":\"Rome\"}"),
                            new ToolCall("call_2", "time", "{}")),
                        ""),
                    new ChatMessage(Role.TOOL, "sunny", "", List.of(), "call_1"),
                    new ChatMessage(
                        Role.ASSISTANT, "", "", List.of(new ToolCall("", "old", "{}")), ""),
                    new ChatMessage(Role.FUNCTION, "", "old"),
                    new ChatMessage(Role.ASSISTANT, "a\nb"),
                    new ChatMessage(Role.ASSISTANT, "never"))));
  }

  @Test
  void formats_become_grammars_and_a_clients_own_grammar_goes_as_it_is() {
    post("'response_format':{'type':'json_object'}");
    String object = seen().grammar();
    assertThat(object).contains("root ::=");
    String schema = "{'type':'object','properties':{'colour':{'enum':['red']}}}";
    for (String form :
        List.of(
            "'response_format':{'type':'json_schema','json_schema':{'name':'x','schema':"
                + schema
                + "}}",
            "'response_format':{'type':'json_schema','schema':" + schema + "}",
            "'response_format':{'type':'json_object','schema':" + schema + "}",
            "'json_schema':" + schema,
            "'json_schema':" + schema + "," + TOOLS)) {
      post(form);
      assertThat(seen().grammar()).as(form).contains("colour").contains("red");
    }
    post("'response_format':{'type':'json_schema','json_schema':{'name':'x'}}");
    assertThat(seen().grammar()).isEqualTo(object);
    post("'response_format':{'type':'text'}");
    assertThat(seen().grammar()).isEmpty();
    post("'grammar':'root ::= [ab]+'");
    assertThat(seen().grammar()).isEqualTo("root ::= [ab]+");
  }

  @Test
  void a_schema_too_heavy_for_the_event_loop_is_translated_elsewhere_and_remembered() {
    String properties =
        IntStream.range(0, 400)
            .mapToObj(i -> "'p" + i + "':{'type':'string','pattern':'^[a-z]{3}[0-9]+$'}")
            .collect(Collectors.joining(","));
    String more =
        "'response_format':{'type':'json_schema','json_schema':{'name':'x','schema':"
            + "{'type':'object','properties':{"
            + properties
            + "}}}}";
    post(more);
    String first = seen().grammar();
    assertThat(first).contains("p399");
    post(more);
    assertThat(seen().grammar()).isEqualTo(first);
  }

  @Test
  void tools_work_on_the_other_chat_routes_too() {
    for (String path : List.of("/chat/completions", "/api/v1/chat/completions")) {
      gateway.worker().script(Behaviour.Say.of(PARIS));
      JsonNode answer =
          Gateway.json(
              gateway.post(
                  path,
                  ("{'messages':[{'role':'user','content':'hi'}]," + TOOLS + "}")
                      .replace('\'', '"')));
      assertThat(answer.path("choices").path(0).path("finish_reason").stringValue())
          .isEqualTo("tool_calls");
    }
  }
}
