package dev.bitfleet.gateway.dialect.items;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Lays items out as the messages of a chat. Calls join the assistant's message before them, so that
 * a chat template sees one turn; reasoning is not fed back to the model; references have to be
 * resolved before.
 */
public final class ItemMessages {
  private final List<ChatMessage> messages = new ArrayList<>();
  private final Map<String, String> namesByCall = new HashMap<>();
  private final List<ToolCall> calls = new ArrayList<>();
  private @Nullable String assistantText;

  private ItemMessages() {}

  /** The messages, in order; possibly none. */
  public static List<ChatMessage> of(List<? extends JsonNode> items) {
    ItemMessages layout = new ItemMessages();
    for (JsonNode item : items) {
      layout.add(item);
    }
    layout.endAssistant();
    return List.copyOf(layout.messages);
  }

  private void add(JsonNode item) {
    switch (Items.typeOf(item)) {
      case Items.MESSAGE -> {
        endAssistant();
        Role role = Role.of(item.path("role").stringValue());
        if (role == Role.ASSISTANT) {
          assistantText = Items.textOf(item);
        } else {
          messages.add(new ChatMessage(role, Items.textOf(item)));
        }
      }
      case Items.FUNCTION_CALL -> {
        String callId = item.path("call_id").stringValue();
        String name = item.path("name").stringValue();
        namesByCall.put(callId, name);
        calls.add(new ToolCall(callId, name, item.path("arguments").stringValue()));
      }
      case Items.FUNCTION_CALL_OUTPUT -> {
        endAssistant();
        String callId = item.path("call_id").stringValue();
        messages.add(
            new ChatMessage(
                Role.TOOL,
                Items.textOf(item),
                namesByCall.getOrDefault(callId, ""),
                List.of(),
                callId));
      }
      case Items.REASONING -> {}
      default ->
          throw new IllegalArgumentException("not an item to lay out: " + Items.typeOf(item));
    }
  }

  private void endAssistant() {
    if (assistantText != null || !calls.isEmpty()) {
      messages.add(
          new ChatMessage(
              Role.ASSISTANT, assistantText == null ? "" : assistantText, "", calls, ""));
    }
    assistantText = null;
    calls.clear();
  }
}
