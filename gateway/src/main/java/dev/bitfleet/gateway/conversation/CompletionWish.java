package dev.bitfleet.gateway.conversation;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a chat completion that is to be kept was asked.
 *
 * @param asked fields of the request that the kept completion shows
 * @param messages as they came
 */
record CompletionWish(ObjectNode asked, JsonNode messages) {
  /** As OpenAI shows them. */
  private static final List<String> SHOWN =
      List.of(
          "temperature",
          "top_p",
          "presence_penalty",
          "frequency_penalty",
          "seed",
          "tools",
          "tool_choice",
          "response_format",
          "user",
          "metadata");

  /** Empty when it is not to be kept. */
  static Optional<CompletionWish> of(JsonNode body) {
    if (!body.path("store").booleanValue(false)) {
      return Optional.empty();
    }
    ObjectNode asked = JsonMapper.shared().createObjectNode();
    for (String name : SHOWN) {
      JsonNode value = body.get(name);
      if (value != null && !value.isNull()) {
        asked.set(name, value);
      }
    }
    if (!asked.has("metadata")) {
      asked.putObject("metadata");
    }
    return Optional.of(new CompletionWish(asked, body.path("messages")));
  }
}
