package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.await;
import static dev.bitfleet.gateway.responses.Calls.cancel;
import static dev.bitfleet.gateway.responses.Calls.conforming;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.delete;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.quoted;
import static dev.bitfleet.gateway.responses.Calls.refused;
import static dev.bitfleet.gateway.responses.Calls.status;
import static dev.bitfleet.gateway.responses.Calls.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Responses over HTTP: made, continued, looked up, deleted, refused. */
class ResponsesHttpTest {
  private static Gateway gateway;

  @BeforeAll
  static void start() {
    gateway = Gateway.withWorker(UnaryOperator.identity());
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static List<ChatMessage> lastChat() {
    return ((Prompt.Chat) gateway.worker().seen().getLast().prompt()).messages();
  }

  @Test
  void a_response_is_answered_kept_and_deleted() {
    JsonNode made = create(gateway, "{'input':'hi','seed':1,'metadata':{'a':'b'},'user':'u'}");
    assertThat(status(made)).isEqualTo("completed");
    assertThat(made.path("metadata").path("a").stringValue()).isEqualTo("b");
    assertThat(text(made)).isNotBlank();
    String path = PATH + "/" + id(made);
    assertThat(Gateway.json(gateway.get(path))).isEqualTo(made);

    JsonNode deleted = Gateway.json(delete(gateway, path));
    assertThat(deleted.toString())
        .isEqualTo(quoted("{'id':'" + id(made) + "','object':'response','deleted':true}"));
    refused(gateway.get(path), 404, "response_not_found", "-");
    refused(delete(gateway, path), 404, "response_not_found", "-");
  }

  @Test
  void what_is_not_to_be_stored_is_not() {
    JsonNode made = create(gateway, "{'input':'hi','store':false}");
    refused(gateway.get(PATH + "/" + id(made)), 404, "response_not_found", "-");
    refused(
        gateway.post(PATH, quoted("{'input':'more','previous_response_id':'" + id(made) + "'}")),
        400,
        "previous_response_not_found",
        "previous_response_id");
  }

  @Test
  void a_chain_carries_items_over_but_no_instructions() {
    JsonNode first = create(gateway, "{'input':'one','instructions':'be brief'}");
    assertThat(lastChat())
        .containsExactly(
            new ChatMessage(Role.SYSTEM, "be brief"), new ChatMessage(Role.USER, "one"));
    JsonNode second =
        create(
            gateway,
            "{'input':'two','instructions':'be long','previous_response_id':'" + id(first) + "'}");
    assertThat(second.path("previous_response_id").stringValue()).isEqualTo(id(first));
    create(gateway, "{'input':'three','previous_response_id':'" + id(second) + "'}");
    assertThat(lastChat())
        .containsExactly(
            new ChatMessage(Role.USER, "one"),
            new ChatMessage(Role.ASSISTANT, text(first)),
            new ChatMessage(Role.USER, "two"),
            new ChatMessage(Role.ASSISTANT, text(second)),
            new ChatMessage(Role.USER, "three"));
  }

  @Test
  void a_chain_with_a_deleted_link_is_refused_as_openai_does() {
    JsonNode first = create(gateway, "{'input':'one'}");
    delete(gateway, PATH + "/" + id(first));
    HttpResponse<String> answer =
        gateway.post(PATH, quoted("{'input':'x','previous_response_id':'" + id(first) + "'}"));
    refused(answer, 400, "previous_response_not_found", "previous_response_id");
    assertThat(answer.body()).contains("Previous response with id '" + id(first) + "' not found.");
  }

  @Test
  void a_chain_with_a_deleted_ancestor_is_refused_and_names_it() {
    JsonNode first = create(gateway, "{'input':'one'}");
    JsonNode second = create(gateway, "{'input':'two','previous_response_id':'" + id(first) + "'}");
    JsonNode third =
        create(gateway, "{'input':'three','previous_response_id':'" + id(second) + "'}");
    delete(gateway, PATH + "/" + id(first));
    HttpResponse<String> answer =
        gateway.post(PATH, quoted("{'input':'x','previous_response_id':'" + id(third) + "'}"));
    refused(answer, 400, "previous_response_not_found", "previous_response_id");
    assertThat(answer.body())
        .contains("Previous response with id '" + id(first) + "' not found")
        .contains("'" + id(second) + "' continues it");
    assertThat(Gateway.json(gateway.get(PATH + "/" + id(third)))).isEqualTo(third);
  }

  @Test
  void an_item_of_a_conversation_may_be_referred_to_from_outside() {
    String path = "/v1/conversations";
    String conversation =
        Gateway.json(gateway.post(path, quoted("{'items':[{'role':'user','content':'at first'}]}")))
            .path("id")
            .stringValue();
    gateway.post(
        path + "/" + conversation + "/items",
        quoted("{'items':[{'role':'user','content':'added'}]}"));
    gateway.post(
        path + "/" + conversation + "/chat",
        quoted("{'messages':[{'role':'user','content':'said'}]}"));
    JsonNode items =
        Gateway.json(gateway.get(path + "/" + conversation + "/items?order=asc")).path("data");
    assertThat(items.size()).isEqualTo(4);
    StringBuilder references = new StringBuilder();
    for (JsonNode item : items) {
      references
          .append("{'type':'item_reference','id':'")
          .append(item.path("id").stringValue())
          .append("'},");
    }
    create(gateway, "{'input':[" + references + "{'role':'user','content':'so'}]}");
    assertThat(lastChat().stream().map(ChatMessage::content))
        .containsExactly(
            "at first",
            "added",
            "said",
            items.path(3).path("content").path(0).path("text").stringValue(),
            "so");
    String gone = items.path(0).path("id").stringValue();
    delete(gateway, path + "/" + conversation);
    refused(
        gateway.post(PATH, quoted("{'input':[{'id':'" + gone + "'}]}")),
        404,
        "item_not_found",
        "input[0].id");
  }

  @Test
  void compaction_is_refused_in_so_many_words() {
    HttpResponse<String> answer = gateway.post(PATH + "/compact", quoted("{'model':'m'}"));
    refused(answer, 400, "unsupported_operation", "-");
    assertThat(answer.body()).contains("truncation");
  }

  @Test
  void an_item_may_be_referred_to_by_its_id() {
    JsonNode first = create(gateway, "{'input':'one'}");
    String item = first.path("output").path(0).path("id").stringValue();
    JsonNode second =
        create(
            gateway,
            "{'input':[{'type':'item_reference','id':'"
                + item
                + "'},{'role':'user','content':'so'}]}");
    assertThat(lastChat())
        .containsExactly(
            new ChatMessage(Role.ASSISTANT, text(first)), new ChatMessage(Role.USER, "so"));
    JsonNode items = Gateway.json(gateway.get(PATH + "/" + id(second) + "/input_items?order=asc"));
    assertThat(items.path("data").size()).isEqualTo(2);
    assertThat(items.path("data").path(0).path("type").stringValue()).isEqualTo("message");
    refused(
        gateway.post(PATH, quoted("{'input':[{'id':'msg_none'}]}")),
        404,
        "item_not_found",
        "input[0].id");
  }

  @Test
  void input_items_are_listed_page_by_page() {
    JsonNode made =
        create(
            gateway,
            "{'input':[{'role':'user','content':'a'},{'role':'assistant','content':'b'},{'role':'user','content':'c'}]}");
    String path = PATH + "/" + id(made) + "/input_items";
    JsonNode first = Gateway.json(gateway.get(path + "?limit=2"));
    assertThat(first.path("data").path(0).path("content").path(0).path("text").stringValue())
        .isEqualTo("c");
    assertThat(first.path("has_more").booleanValue()).isTrue();
    String last = first.path("last_id").stringValue();
    assertThat(last).isEqualTo(first.path("data").path(1).path("id").stringValue());
    JsonNode rest = Gateway.json(gateway.get(path + "?limit=2&after=" + last));
    assertThat(rest.path("data").size()).isEqualTo(1);
    assertThat(rest.path("has_more").booleanValue()).isFalse();
    refused(gateway.get(path + "?after=msg_none"), 400, "invalid_parameter", "after");
    refused(gateway.get(PATH + "/resp_none/input_items"), 404, "response_not_found", "-");
  }

  @Test
  void the_events_end_without_done_and_each_is_of_the_contract() {
    HttpResponse<String> answer =
        gateway.post(PATH, quoted("{'input':'hi','stream':true,'seed':3}"));
    assertThat(answer.headers().firstValue("content-type").orElse(""))
        .startsWith("text/event-stream");
    assertThat(answer.body()).doesNotContain("[DONE]");
    List<String> frames = frames(answer.body());
    JsonNode last = Calls.data(frames.getLast());
    assertThat(last.path("type").stringValue()).isEqualTo("response.completed");
    conforming(last.path("response"));
    assertThat(Gateway.json(gateway.get(PATH + "/" + id(last.path("response")))))
        .isEqualTo(last.path("response"));
  }

  @Test
  void a_stream_is_read_again_from_anywhere_with_the_same_bytes() {
    List<String> frames =
        frames(gateway.post(PATH, quoted("{'input':'hi','stream':true,'seed':3}")).body());
    String path = PATH + "/" + id(Calls.data(frames.getFirst()).path("response"));
    assertThat(frames(gateway.get(path + "?stream=true").body())).isEqualTo(frames);
    for (int n = 0; n < frames.size(); n++) {
      assertThat(frames(gateway.get(path + "?stream=true&starting_after=" + n).body()))
          .isEqualTo(frames.subList(n + 1, frames.size()));
    }
    // Whoever has more than there is has the events of another run.
    JsonNode error =
        Calls.data(
            frames(gateway.get(path + "?stream=true&starting_after=1000").body()).getFirst());
    assertThat(error.path("code").stringValue()).isEqualTo("response_events_changed");
    assertThat(error.path("sequence_number").intValue()).isEqualTo(1001);
    refused(
        gateway.get(path + "?stream=true&starting_after=x"),
        400,
        "invalid_parameter",
        "starting_after");
    refused(gateway.get(path + "?stream=maybe"), 400, "invalid_parameter", "stream");
  }

  @Test
  void an_answer_that_came_whole_has_events_too() {
    JsonNode made = create(gateway, "{'input':'hi'}");
    List<String> frames = frames(gateway.get(PATH + "/" + id(made) + "?stream=true").body());
    assertThat(Calls.data(frames.getLast()).path("response")).isEqualTo(made);
    assertThat(Calls.data(frames.getFirst()).path("type").stringValue())
        .isEqualTo("response.created");
  }

  @Test
  void a_background_response_is_queued_then_done_and_its_cancel_changes_nothing() {
    JsonNode queued = create(gateway, "{'input':'hi','background':true,'seed':3}");
    assertThat(status(queued)).isEqualTo("queued");
    JsonNode done = await(gateway, id(queued), "completed");
    assertThat(text(done)).isNotBlank();
    HttpResponse<String> late = cancel(gateway, id(queued));
    assertThat(late.statusCode()).isEqualTo(200);
    assertThat(Gateway.json(late)).isEqualTo(done);
    List<String> frames = frames(gateway.get(PATH + "/" + id(queued) + "?stream=true").body());
    assertThat(Calls.data(frames.get(1)).path("type").stringValue()).isEqualTo("response.queued");
  }

  @Test
  void only_a_background_response_can_be_called_off() {
    JsonNode made = create(gateway, "{'input':'hi'}");
    refused(cancel(gateway, id(made)), 400, "not_a_background_response", "-");
    refused(cancel(gateway, "resp_none"), 404, "response_not_found", "-");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}|missing_required_parameter|input",
        "{'input':7}|invalid_parameter|input",
        "{'input':[]}|invalid_parameter|input",
        "{'input':'x','store':'yes'}|invalid_parameter|store",
        "{'input':'x','background':true,'store':false}|invalid_parameter|background",
        "{'input':'x','stream_options':{}}|invalid_parameter|stream_options",
        "{'input':'x','max_output_tokens':0}|invalid_parameter|max_output_tokens",
        "{'input':'x','temperature':3}|invalid_parameter|temperature",
        "{'input':'x','top_logprobs':21}|invalid_parameter|top_logprobs",
        "{'input':'x','truncation':'some'}|invalid_parameter|truncation",
        "{'input':'x','prompt':{'id':'p'}}|unsupported_parameter|prompt",
        "{'input':'x','conversation':{}}|missing_required_parameter|conversation.id",
        "{'input':'x','conversation':'c','previous_response_id':'r'}|invalid_parameter|conversation",
        "{'input':'x','tools':[{'type':'web_search'}]}|unsupported_parameter|tools[0].type",
        "{'input':'x','tools':[{'type':'function'}]}|missing_required_parameter|tools[0].name",
        "{'input':'x','tool_choice':'required'}|invalid_parameter|tool_choice",
        "{'input':'x','tool_choice':{'type':'function','name':'f'}}|invalid_parameter|tool_choice.name",
        "{'input':'x','text':{'format':{'type':'yaml'}}}|invalid_parameter|text.format.type",
        "{'input':'x','text':{'format':{'type':'json_schema','schema':{}}}}|missing_required_parameter|text.format.name",
        "{'input':'x','text':{'verbosity':'loud'}}|invalid_parameter|text.verbosity",
        "{'input':'x','reasoning':{'effort':'hihg'}}|invalid_parameter|reasoning.effort",
        "{'input':'x','reasoning':{'summary':'long'}}|invalid_parameter|reasoning.summary",
        "{'input':'x','service_tier':'fast'}|invalid_parameter|service_tier",
        "{'input':'x','include':['logprobs']}|invalid_parameter|include[0]",
        "{'input':'x','tools':[{'type':'function','name':'f','parameters':7}]}|invalid_parameter|tools[0].parameters",
        "{'input':'x','tools':[{'type':'function','name':'f','parameters':{'type':'no'}}]}|invalid_json_schema|tools[0].parameters",
        "{'input':'x','tools':[{'type':'function','name':'f'}],'tool_choice':{'type':'allowed_tools','mode':'auto','tools':[]}}|missing_required_parameter|tool_choice.tools",
        "{'input':[{'type':'computer_call'}]}|unsupported_parameter|input[0].type",
        "{'input':[{'type':'function_call_output','call_id':'c','output':'o'}]}|invalid_parameter|input",
      })
  void what_is_wrong_is_named(String body, String code, String param) {
    refused(gateway.post(PATH, quoted(body)), 400, code, param);
  }

  @Test
  void an_unknown_model_is_refused_before_anything_is_kept() {
    refused(
        gateway.post(PATH, quoted("{'input':'x','model':'none'}")),
        404,
        "model_not_found",
        "model");
  }
}
