package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Tokens, templates and chats longer than the context, of the real product. */
class TextIT {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String TEXT = "Grüße, 世界 🙂 <|eot_id|> and more\n";

  @RegisterExtension static final Served SERVED = Served.with();

  private static JsonNode tokens(String text, boolean parseSpecial) throws Exception {
    return SERVED
        .ask(
            "/tokenize",
            JSON.createObjectNode().put("content", text).put("parse_special", parseSpecial))
        .path("tokens");
  }

  @Test
  void a_text_survives_its_way_to_tokens_and_back() throws Exception {
    for (boolean parse : new boolean[] {true, false}) {
      ObjectNode body = JSON.createObjectNode();
      body.set("tokens", tokens(TEXT, parse));

      assertThat(SERVED.ask("/detokenize", body).path("content").asString()).isEqualTo(TEXT);
    }
    assertThat(tokens(TEXT, true)).hasSizeLessThan(tokens(TEXT, false).size());
  }

  @Test
  void a_prompt_of_text_has_the_tokens_that_tokenize_tells() throws Exception {
    JsonNode answer =
        SERVED.ask(
            "/v1/completions",
            JSON.createObjectNode().put("prompt", TEXT).put("max_tokens", 1).put("temperature", 0));
    JsonNode told =
        SERVED.ask(
            "/tokenize",
            JSON.createObjectNode()
                .put("content", TEXT)
                .put("add_special", true)
                .put("parse_special", false));

    assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(told.path("tokens").size());
  }

  @Test
  void the_layout_of_a_chat_with_tools_is_shown() throws Exception {
    ObjectNode body =
        (ObjectNode)
            JSON.readTree(
                """
                {"messages":[{"role":"user","content":"Weather in Rome?"}],
                 "tools":[{"type":"function","function":{"name":"get_weather",
                   "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]}
                """);

    assertThat(SERVED.ask("/apply-template", body).path("prompt").asString())
        .startsWith("<|begin_of_text|>System: # Tools")
        .contains("get_weather", "<tool_call>")
        .endsWith("Assistant: ");
  }

  @Test
  void a_chat_longer_than_the_context_goes_on_and_says_what_was_dropped() throws Exception {
    ObjectNode body = JSON.createObjectNode().put("temperature", 0).put("max_tokens", 60);
    ArrayNode messages = body.putArray("messages");
    messages.addObject().put("role", "system").put("content", "Be brief.");
    for (int i = 0; i < 200; i++) {
      messages.addObject().put("role", "user").put("content", "Count to " + i);
      messages.addObject().put("role", "assistant").put("content", "1, 2, 3, 4, 5, 6, 7, 8, 9");
    }
    messages.addObject().put("role", "user").put("content", "What is the capital of France?");

    HttpResponse<String> refused = SERVED.chat().post("/v1/chat/completions", body.toString());
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("context_length_exceeded");

    body.put("truncation", "auto");
    HttpResponse<String> answer = SERVED.chat().post("/v1/chat/completions", body.toString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    int dropped = JSON.readTree(answer.body()).at("/truncation/dropped_messages").asInt();
    assertThat(dropped).isPositive().isEven();
    assertThat(answer.headers().firstValue("x-bitfleet-dropped-messages"))
        .contains(Integer.toString(dropped));
    assertThat(JSON.readTree(answer.body()).at("/usage/prompt_tokens").asInt())
        .isLessThanOrEqualTo(1024 - 60)
        .isGreaterThan(700);
  }

  @Test
  void an_input_longer_than_the_context_is_counted() throws Exception {
    ObjectNode body = JSON.createObjectNode().put("input", "one two three ".repeat(1_000));

    JsonNode counted = SERVED.ask("/v1/responses/input_tokens", body);
    assertThat(counted.path("input_tokens").asInt()).isGreaterThan(1024);
    assertThat(counted.path("context_length").asInt()).isEqualTo(1024);
  }
}
