package dev.bitfleet.gateway.dialect.items;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Items: read, laid out, made. */
class ItemsTest {
  private static final String DIGITS = "00112233445566778899aabbccddeeff";

  private static JsonNode json(String single) {
    return JsonMapper.shared().readTree(single.replace('\'', '"'));
  }

  private static List<ObjectNode> read(String items) {
    return ItemReader.read(json(items), "input", ItemIds.within(DIGITS, 0));
  }

  @Test
  void a_text_is_one_message_of_the_user() {
    assertThat(ItemReader.read(json("'hi'"), "input", ItemIds.within(DIGITS, 0)))
        .singleElement()
        .isEqualTo(
            json(
                "{'id':'msg_"
                    + DIGITS
                    + "0000','type':'message','status':'completed','role':'user',"
                    + "'content':[{'type':'input_text','text':'hi'}]}"));
  }

  @Test
  void every_form_becomes_one_form() {
    List<ObjectNode> items =
        read(
            """
            [{'role':'system','content':'be brief'},
             {'type':'message','role':'user','content':[{'type':'input_text','text':'a'},{'type':'text','text':'b'}]},
             {'id':'msg_theirs','type':'message','status':'completed','role':'assistant',
              'content':[{'type':'output_text','text':'c','annotations':[]},{'type':'refusal','refusal':'no'}]},
             {'type':'reasoning','id':'rs_1','summary':[]},
             {'type':'function_call','call_id':'call_1','name':'add','arguments':'{}'},
             {'type':'function_call_output','call_id':'call_1','output':[{'type':'input_text','text':'3'}]},
             {'id':'msg_4'}]""");
    assertThat(items)
        .extracting(Items::typeOf)
        .containsExactly(
            "message",
            "message",
            "message",
            "reasoning",
            "function_call",
            "function_call_output",
            "item_reference");
    assertThat(items.stream().limit(6).map(Items::idOf))
        .doesNotHaveDuplicates()
        .allMatch(id -> id.contains("_" + DIGITS));
    assertThat(items.get(1).path("content").size()).isEqualTo(2);
    assertThat(Items.textOf(items.get(2))).isEqualTo("c\nno");
    assertThat(items.get(2).path("content").path(0).path("type").stringValue())
        .isEqualTo("output_text");
  }

  @Test
  void calls_join_the_message_before_them_and_reasoning_is_left_out() {
    List<ChatMessage> messages =
        ItemMessages.of(
            read(
                """
                [{'role':'user','content':'add'},
                 {'type':'reasoning','summary':[]},
                 {'role':'assistant','content':'I will'},
                 {'type':'function_call','call_id':'c1','name':'add','arguments':'{"a":1}'},
                 {'type':'function_call','call_id':'c2','name':'sub','arguments':'{}'},
                 {'type':'function_call_output','call_id':'c2','output':'2'},
                 {'type':'function_call','call_id':'c3','name':'mul','arguments':'{}'}]"""
                    .replace("'{\"a\":1}'", "'{}'")));
    assertThat(messages)
        .containsExactly(
            new ChatMessage(Role.USER, "add"),
            new ChatMessage(
                Role.ASSISTANT,
                "I will",
                "",
                List.of(new ToolCall("c1", "add", "{}"), new ToolCall("c2", "sub", "{}")),
                ""),
            new ChatMessage(Role.TOOL, "2", "sub", List.of(), "c2"),
            new ChatMessage(Role.ASSISTANT, "", "", List.of(new ToolCall("c3", "mul", "{}")), ""));
  }

  @Test
  void messages_made_into_items_and_back_are_the_same() {
    List<ChatMessage> messages =
        List.of(
            new ChatMessage(Role.DEVELOPER, "be brief"),
            new ChatMessage(Role.USER, "add"),
            new ChatMessage(Role.ASSISTANT, "", "", List.of(new ToolCall("c1", "add", "{}")), ""),
            new ChatMessage(Role.TOOL, "3", "add", List.of(), "c1"),
            new ChatMessage(Role.ASSISTANT, "three"));
    assertThat(ItemMessages.of(Items.ofMessages(messages, ItemIds.random()))).isEqualTo(messages);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[1]|input[0]",
        "[{'type':'web_search_call'}]|input[0].type",
        "[{'type':7}]|input[0].type",
        "[{'role':'user'}]|input[0].content",
        "[{'role':'owner','content':'x'}]|input[0].role",
        "[{'role':'user','content':[{'type':'input_image'}]}]|input[0].content[0].type",
        "[{'role':'user','content':[{'type':'input_text'}]}]|input[0].content[0].text",
        "[{'role':'user','content':[{'type':'refusal','refusal':'x'}]}]|input[0].content[0].type",
        "[{'role':'user','content':'x'},{'type':'function_call','name':'a','arguments':'{}'}]|input[1].call_id",
        "[{'type':'function_call','call_id':'','name':'a','arguments':'{}'}]|input[0].call_id",
        "[{'type':'function_call_output','call_id':'c'}]|input[0].output",
        "[{'type':'item_reference'}]|input[0].id",
      })
  void what_is_not_understood_is_named(String items, String param) {
    assertThatThrownBy(() -> read(items))
        .isInstanceOfSatisfying(
            ApiException.class,
            refusal -> {
              assertThat(refusal.error().status()).isEqualTo(400);
              assertThat(refusal.error().param()).contains(param);
            });
  }

  @Test
  void an_id_tells_whose_item_it_is() {
    String id = ItemIds.within(DIGITS, 10).next("fc");
    assertThat(id).isEqualTo("fc_" + DIGITS + "000a");
    assertThat(ItemIds.ownerOf(id)).contains(DIGITS);
    assertThat(ItemIds.ownerOf(ItemIds.random().next("msg"))).isEmpty();
    assertThat(ItemIds.ownerOf("")).isEmpty();
    assertThat(ItemIds.ownerOf("msg_1")).isEmpty();
    String kept = ItemIds.ofConversation("conv_" + DIGITS).next("msg");
    assertThat(ItemIds.conversationOf(kept)).contains("conv_" + DIGITS);
    assertThat(ItemIds.ofConversation("conv_" + DIGITS).next("msg")).isNotEqualTo(kept);
    assertThat(ItemIds.conversationOf(id)).isEmpty();
    assertThat(ItemIds.conversationOf(ItemIds.random().next("msg"))).isEmpty();
  }
}
