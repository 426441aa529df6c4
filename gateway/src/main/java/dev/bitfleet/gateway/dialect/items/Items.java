package dev.bitfleet.gateway.dialect.items;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Makes items, whole and in the shape in which they are kept. Stateless. */
public final class Items {
  public static final String MESSAGE = "message";
  public static final String FUNCTION_CALL = "function_call";
  public static final String FUNCTION_CALL_OUTPUT = "function_call_output";
  public static final String REASONING = "reasoning";
  public static final String ITEM_REFERENCE = "item_reference";

  /** Prefixes of ids, by type. */
  public static final String MESSAGE_ID = "msg";

  public static final String CALL_ID = "fc";
  public static final String OUTPUT_ID = "fco";
  public static final String REASONING_ID = "rs";

  public static final String IN_PROGRESS = "in_progress";
  public static final String COMPLETED = "completed";
  public static final String INCOMPLETE = "incomplete";

  private Items() {}

  /** A message with one part. */
  public static ObjectNode message(String id, Role role, String text, String status) {
    ObjectNode item = emptyMessage(id, role, status);
    ((ArrayNode) item.get("content")).add(part(role, text));
    return item;
  }

  /** A message without content yet. */
  public static ObjectNode emptyMessage(String id, Role role, String status) {
    ObjectNode item = item(id, MESSAGE, status);
    item.put("role", role.wireName());
    item.putArray("content");
    return item;
  }

  /** A part of a message: {@code output_text} of an assistant, {@code input_text} of others. */
  public static ObjectNode part(Role role, String text) {
    ObjectNode part = JsonMapper.shared().createObjectNode();
    if (role == Role.ASSISTANT) {
      part.put("type", "output_text");
      part.putArray("annotations");
      part.putArray("logprobs");
    } else {
      part.put("type", "input_text");
    }
    part.put("text", text);
    return part;
  }

  /** A model's call of a function. */
  public static ObjectNode functionCall(
      String id, String callId, String name, String arguments, String status) {
    ObjectNode item = item(id, FUNCTION_CALL, status);
    item.put("call_id", callId);
    item.put("name", name);
    item.put("arguments", arguments);
    return item;
  }

  /** What a function's caller got from it. */
  public static ObjectNode functionCallOutput(String id, String callId, String output) {
    ObjectNode item = item(id, FUNCTION_CALL_OUTPUT, COMPLETED);
    item.put("call_id", callId);
    item.put("output", output);
    return item;
  }

  static ObjectNode item(String id, String type, String status) {
    ObjectNode item = JsonMapper.shared().createObjectNode();
    item.put("id", id);
    item.put("type", type);
    item.put("status", status);
    return item;
  }

  /** The items that say what chat messages say; authors' names have no place in them. */
  public static List<ObjectNode> ofMessages(List<ChatMessage> messages, ItemIds ids) {
    List<ObjectNode> items = new ArrayList<>(messages.size());
    for (ChatMessage message : messages) {
      switch (message.role()) {
        case TOOL, FUNCTION ->
            items.add(
                functionCallOutput(
                    ids.next(OUTPUT_ID),
                    message.toolCallId().isEmpty() ? message.name() : message.toolCallId(),
                    message.content()));
        case SYSTEM, DEVELOPER, USER, ASSISTANT -> {
          if (!message.content().isEmpty() || message.toolCalls().isEmpty()) {
            items.add(message(ids.next(MESSAGE_ID), message.role(), message.content(), COMPLETED));
          }
          for (ToolCall call : message.toolCalls()) {
            items.add(
                functionCall(
                    ids.next(CALL_ID),
                    call.id().isEmpty() ? call.name() : call.id(),
                    call.name(),
                    call.arguments(),
                    COMPLETED));
          }
        }
      }
    }
    return items;
  }

  public static String typeOf(JsonNode item) {
    return item.path("type").stringValue("");
  }

  public static String idOf(JsonNode item) {
    return item.path("id").stringValue("");
  }

  /** The text of a message, or of a function's output: its parts, joined by line breaks. */
  public static String textOf(JsonNode item) {
    JsonNode content = item.path(typeOf(item).equals(FUNCTION_CALL_OUTPUT) ? "output" : "content");
    if (content.isString()) {
      return content.stringValue();
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      JsonNode words = part.has("refusal") ? part.get("refusal") : part.path("text");
      text.append(text.isEmpty() ? "" : "\n").append(words.stringValue(""));
    }
    return text.toString();
  }
}
