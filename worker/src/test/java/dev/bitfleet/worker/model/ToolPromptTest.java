package dev.bitfleet.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import dev.bitfleet.proto.ToolDescription;
import dev.bitfleet.worker.engine.PromptSegment;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How tools, calls and their results come into a prompt. */
class ToolPromptTest {
  private static final Map<String, Integer> CONTROLS =
      Map.of(
          "<|begin_of_text|>", 0,
          "<|eot_id|>", 1,
          "<|start_header_id|>", 2,
          "<|end_header_id|>", 3,
          "<|im_start|>", 4,
          "<|im_end|>", 5,
          "<start_of_turn>", 6,
          "<end_of_turn>", 7);
  private static final ControlTokens TOKENS =
      new ControlTokens(CONTROLS, "<|begin_of_text|>", "<|eot_id|>");

  private static final ToolDescription WEATHER =
      new ToolDescription(
          "get_weather",
          "Weather of a city",
          "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},"
              + "\"required\":[\"city\"]}");
  private static final String WEATHER_JSON =
      "{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"description\": \"Weather"
          + " of a city\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\":"
          + " {\"type\": \"string\"}}, \"required\": [\"city\"]}}}";
  private static final String CALL =
      "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Köln\", \"days\":"
          + " 2.50}}\n</tool_call>";
  private static final String RESULT = "<tool_response>\n{\"rain\":true}\n</tool_response>";

  private static final Prompt.Chat CHAT =
      new Prompt.Chat(
          List.of(
              new ChatMessage(Role.SYSTEM, "Be brief."),
              new ChatMessage(Role.USER, "Weather in Köln?"),
              new ChatMessage(
                  Role.ASSISTANT,
                  "",
                  "",
                  List.of(
                      new ToolCall(
                          "call00001", "get_weather", "{\"city\":\"Köln\",\"days\":2.50}")),
                  ""),
              new ChatMessage(Role.TOOL, "{\"rain\":true}", "", List.of(), "call00001"),
              new ChatMessage(Role.ASSISTANT, "It rains."),
              new ChatMessage(Role.USER, "And now?")),
          List.of(WEATHER));

  private static String layOut(String template, Prompt.Chat chat) throws ChatTemplateException {
    Map<Integer, String> names = new HashMap<>();
    CONTROLS.forEach((name, id) -> names.put(id, name));
    StringBuilder text = new StringBuilder();
    for (PromptSegment segment :
        new PromptLayout(TOKENS, ChatTemplate.parse(template, Clock.systemUTC())).layOut(chat)) {
      switch (segment) {
        case PromptSegment.Text stretch -> text.append(stretch.text());
        case PromptSegment.Tokens tokens -> tokens.ids().forEach(id -> text.append(names.get(id)));
      }
    }
    return text.toString();
  }

  static List<String> templates() {
    return List.of(
        PublishedTemplates.BITNET_2B_4T,
        PublishedTemplates.LLAMA_3,
        PublishedTemplates.LLAMA_2,
        PublishedTemplates.LLAMA_31,
        PublishedTemplates.GEMMA_2,
        PublishedTemplates.CHATML,
        PublishedTemplates.FALCON_3,
        PublishedTemplates.FALCON_E,
        PublishedTemplates.QWEN_25,
        PublishedTemplates.QWEN_3,
        DefaultTemplates.PLAIN);
  }

  @ParameterizedTest
  @MethodSource("templates")
  void every_template_tells_of_tools_calls_and_results_in_one_form(String template)
      throws Exception {
    // Gemma turns down every chat with a system message; that is its own affair.
    List<ChatMessage> messages =
        template.equals(PublishedTemplates.GEMMA_2)
            ? CHAT.messages().subList(1, CHAT.messages().size())
            : CHAT.messages();
    String prompt = layOut(template, new Prompt.Chat(messages, CHAT.tools()));

    assertThat(prompt).containsOnlyOnce(WEATHER_JSON).contains(CALL).contains(RESULT);
    assertThat(prompt).contains("And now?", "It rains.");
    assertThat(prompt.indexOf(WEATHER_JSON)).isLessThan(prompt.indexOf(CALL));
    assertThat(prompt.indexOf(CALL)).isLessThan(prompt.indexOf(RESULT));
  }

  @Test
  void a_template_that_writes_calls_in_the_same_form_gets_them_itself() throws Exception {
    assertThat(layOut(PublishedTemplates.QWEN_25, CHAT))
        .startsWith(
            "<|im_start|>system\nBe brief.\n\n# Tools\n\nYou may call one or more functions"
                + " to assist with the user query.")
        .endsWith(
            "<|im_start|>user\nWeather in Köln?<|im_end|>\n<|im_start|>assistant\n"
                + CALL
                + "<|im_end|>\n<|im_start|>user\n"
                + RESULT
                + "<|im_end|>\n<|im_start|>assistant\nIt rains.<|im_end|>\n"
                + "<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n");
  }

  @Test
  void a_template_without_tools_is_told_in_the_system_message() throws Exception {
    assertThat(layOut(PublishedTemplates.BITNET_2B_4T, CHAT))
        .startsWith("<|begin_of_text|>System: Be brief.\n\n# Tools\n\n")
        .contains(
            "Assistant: " + CALL + "<|eot_id|>User: " + RESULT + "<|eot_id|>Assistant: It rains.");
  }

  @Test
  void without_a_system_message_one_is_made() throws Exception {
    assertThat(
            layOut(
                PublishedTemplates.CHATML,
                new Prompt.Chat(List.of(new ChatMessage(Role.USER, "Weather?")), List.of(WEATHER))))
        .startsWith("<|im_start|>system\n# Tools\n\n")
        .contains("<|im_start|>user\nWeather?<|im_end|>");
  }

  @Test
  void where_there_is_no_system_message_the_first_user_tells() throws Exception {
    assertThat(
            layOut(
                PublishedTemplates.GEMMA_2,
                new Prompt.Chat(List.of(new ChatMessage(Role.USER, "Weather?")), List.of(WEATHER))))
        .startsWith("<|begin_of_text|><start_of_turn>user\n# Tools\n\n")
        .contains("</tool_call>\n\nWeather?<end_of_turn>");
  }

  @Test
  void calls_and_results_of_earlier_turns_stay_without_tools_to_call() throws Exception {
    assertThat(layOut(PublishedTemplates.LLAMA_3, new Prompt.Chat(CHAT.messages())))
        .contains(CALL, RESULT)
        .doesNotContain("# Tools");
  }

  @Test
  void results_of_several_calls_are_one_turn() throws Exception {
    List<ChatMessage> messages = new ArrayList<>();
    messages.add(new ChatMessage(Role.USER, "Both?"));
    messages.add(
        new ChatMessage(
            Role.ASSISTANT,
            "Let me look.",
            "",
            List.of(new ToolCall("1", "a", "{}"), new ToolCall("2", "b", "")),
            ""));
    messages.add(new ChatMessage(Role.TOOL, "one", "", List.of(), "1"));
    messages.add(new ChatMessage(Role.TOOL, "two", "", List.of(), "2"));
    messages.add(new ChatMessage(Role.USER, "So?"));

    assertThat(layOut(PublishedTemplates.LLAMA_2, new Prompt.Chat(messages)))
        .contains(
            "Let me look.\n<tool_call>\n{\"name\": \"a\", \"arguments\": {}}\n</tool_call>\n"
                + "<tool_call>\n{\"name\": \"b\", \"arguments\": {}}\n</tool_call>")
        .contains(
            "[INST] <tool_response>\none\n</tool_response>\n<tool_response>\ntwo\n"
                + "</tool_response>\nSo? [/INST]");
  }

  @Test
  void arguments_that_are_no_object_stay_the_text_they_are() throws Exception {
    Prompt.Chat chat =
        new Prompt.Chat(
            List.of(
                new ChatMessage(Role.USER, "x"),
                new ChatMessage(
                    Role.ASSISTANT, "", "", List.of(new ToolCall("1", "a", "not json")), ""),
                new ChatMessage(Role.TOOL, "r", "", List.of(), "1")));

    assertThat(layOut(PublishedTemplates.BITNET_2B_4T, chat))
        .contains("\"arguments\": \"not json\"");
    assertThat(layOut(PublishedTemplates.QWEN_3, chat)).contains("\"arguments\": not json");
  }

  @Test
  void a_tool_without_description_or_arguments_is_still_one() throws Exception {
    assertThat(
            layOut(
                PublishedTemplates.QWEN_25,
                new Prompt.Chat(
                    List.of(new ChatMessage(Role.USER, "x")),
                    List.of(new ToolDescription("now", "", "")))))
        .contains(
            "{\"name\": \"now\", \"description\": \"\", \"parameters\": {\"type\": \"object\","
                + " \"properties\": {}}}");
  }

  @Test
  void the_developer_is_the_system_to_templates_that_do_not_know_one() throws Exception {
    Prompt.Chat chat =
        new Prompt.Chat(
            List.of(
                new ChatMessage(Role.DEVELOPER, "Be brief."), new ChatMessage(Role.USER, "Hi")));

    assertThat(layOut(PublishedTemplates.QWEN_3, chat)).contains("<|im_start|>system\nBe brief.");
    assertThat(
            layOut(
                "{% for m in messages %}{{ m.role }}: {{ m.content }};{% endfor %}{# developer #}",
                chat))
        .isEqualTo("developer: Be brief.;user: Hi;");
  }

  @Test
  void json_is_written_as_python_writes_it() {
    Map<String, Object> value = new java.util.LinkedHashMap<>();
    value.put("a", List.of(1, 2.5, true, "é\n\"\\\u0001"));
    value.put("b", Map.of());
    value.put("c", List.of());

    assertThat(PythonJson.line(value))
        .isEqualTo("{\"a\": [1, 2.5, true, \"é\\n\\\"\\\\\\u0001\"], \"b\": {}, \"c\": []}");
    assertThat(PythonJson.write(value, 2))
        .isEqualTo(
            "{\n  \"a\": [\n    1,\n    2.5,\n    true,\n    \"é\\n\\\"\\\\\\u0001\"\n  ],\n"
                + "  \"b\": {},\n  \"c\": []\n}");
  }
}
