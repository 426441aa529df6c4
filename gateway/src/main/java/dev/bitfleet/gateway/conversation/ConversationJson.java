package dev.bitfleet.gateway.conversation;

import dev.bitfleet.gateway.dialect.items.ItemMessages;
import dev.bitfleet.gateway.store.Conversation;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.ToolCall;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Conversations as they are answered. */
final class ConversationJson {
  private ConversationJson() {}

  /** OpenAI's object, and {@code conversation_id}, which older clients look for. */
  static ObjectNode of(Conversation conversation) {
    return of(conversation.id(), conversation.created() / 1000, conversation.metadata());
  }

  static ObjectNode of(String id, long createdSeconds, ObjectNode metadata) {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put("id", id);
    json.put("object", "conversation");
    json.put("created_at", createdSeconds);
    json.set("metadata", metadata);
    json.put("conversation_id", id);
    return json;
  }

  /** The history as older clients want it. */
  static ArrayNode messages(List<ObjectNode> items) {
    ArrayNode messages = JsonMapper.shared().createArrayNode();
    for (ChatMessage message : ItemMessages.of(items)) {
      ObjectNode json = messages.addObject();
      json.put("role", message.role().wireName());
      json.put("content", message.content());
      if (!message.toolCalls().isEmpty()) {
        ArrayNode calls = json.putArray("tool_calls");
        for (ToolCall call : message.toolCalls()) {
          ObjectNode each = calls.addObject();
          each.put("id", call.id());
          each.put("type", "function");
          each.putObject("function").put("name", call.name()).put("arguments", call.arguments());
        }
      }
      if (!message.toolCallId().isEmpty()) {
        json.put("tool_call_id", message.toolCallId());
      }
    }
    return messages;
  }

  static byte[] bytes(ObjectNode json) {
    return JsonMapper.shared().writeValueAsBytes(json);
  }
}
