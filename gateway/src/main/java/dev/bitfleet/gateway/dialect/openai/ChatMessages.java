package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.Fields;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Reads the messages of a chat. */
final class ChatMessages {
  private ChatMessages() {}

  static List<ChatMessage> read(JsonNode messages) {
    List<ChatMessage> read = new ArrayList<>(messages.size());
    for (int i = 0; i < messages.size(); i++) {
      read.add(message(messages.get(i), "messages[" + i + "]"));
    }
    return read;
  }

  private static ChatMessage message(JsonNode message, String path) {
    Role role = Role.of(message.path("role").stringValue());
    Fields fields = new Fields(message, Map.of());
    for (String tools : List.of("tool_calls", "function_call")) {
      JsonNode given = fields.given(tools);
      if (given != null && !given.isEmpty()) {
        throw Fields.unsupported(path + '.' + tools, "tools are not available.");
      }
    }
    JsonNode content = fields.given("content");
    if (content == null) {
      throw new ApiException(ApiError.missingParameter(path + ".content"));
    }
    String text = content.isString() ? content.stringValue() : parts(content, path + ".content");
    return new ChatMessage(role, text, fields.text("name").orElse(""));
  }

  private static String parts(JsonNode parts, String path) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < parts.size(); i++) {
      JsonNode part = parts.get(i);
      String where = path + '[' + i + ']';
      if (!part.path("type").stringValue().equals("text")) {
        throw Fields.unsupported(where + ".type", "only parts of type 'text' are available.");
      }
      JsonNode piece = part.get("text");
      if (piece == null) {
        throw new ApiException(ApiError.missingParameter(where + ".text"));
      }
      text.append(i == 0 ? "" : "\n").append(piece.stringValue());
    }
    return text.toString();
  }
}
