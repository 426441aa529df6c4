package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the messages of a chat. Bodies fit the contract. */
public final class ChatMessages {
  private ChatMessages() {}

  /**
   * A list of messages.
   *
   * @param path where it stands in the request
   */
  public static List<ChatMessage> read(JsonNode messages, String path) {
    List<ChatMessage> read = new ArrayList<>(messages.size());
    for (int i = 0; i < messages.size(); i++) {
      read.add(message(messages.get(i), path + '[' + i + ']'));
    }
    return read;
  }

  private static ChatMessage message(JsonNode message, String path) {
    Fields fields = new Fields(message, Map.of());
    Role role = Role.of(message.path("role").stringValue());
    List<ToolCall> calls = calls(fields, role, path);
    String content = content(fields, role, calls, path);
    return new ChatMessage(
        role, content, name(fields, role, path), calls, answered(fields, role, path));
  }

  private static String content(Fields fields, Role role, List<ToolCall> calls, String path) {
    JsonNode content = fields.given("content");
    if (content == null) {
      if (role == Role.ASSISTANT && fields.text("refusal").isPresent()) {
        return fields.text("refusal").get();
      }
      // A function that returns nothing says so with null.
      if (!calls.isEmpty() || role == Role.FUNCTION) {
        return "";
      }
      throw missing(path + ".content");
    }
    return content.isString() ? content.stringValue() : parts(content, role, path + ".content");
  }

  private static String parts(JsonNode parts, Role role, String path) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < parts.size(); i++) {
      JsonNode part = parts.get(i);
      String where = path + '[' + i + ']';
      String type = part.path("type").stringValue();
      boolean refusal = type.equals("refusal") && role == Role.ASSISTANT;
      if (!type.equals("text") && !refusal) {
        throw Fields.unsupported(where + ".type", "only parts of type 'text' are available.");
      }
      JsonNode piece = new Fields(part, Map.of()).given(type);
      if (piece == null) {
        throw missing(where + '.' + type);
      }
      text.append(i == 0 ? "" : "\n").append(piece.stringValue());
    }
    return text.toString();
  }

  /** What an assistant called, in the new form or the old one. */
  private static List<ToolCall> calls(Fields fields, Role role, String path) {
    JsonNode calls = fields.given("tool_calls");
    JsonNode old = fields.given("function_call");
    if (calls != null && calls.isEmpty()) {
      calls = null;
    }
    if (calls == null && old == null) {
      return List.of();
    }
    if (role != Role.ASSISTANT) {
      throw Fields.invalid(
          path + (calls == null ? ".function_call" : ".tool_calls"),
          "only a message of role 'assistant' has calls.");
    }
    if (calls == null) {
      return List.of(call(old, "", path + ".function_call"));
    }
    List<ToolCall> read = new ArrayList<>(calls.size());
    for (int i = 0; i < calls.size(); i++) {
      String where = path + ".tool_calls[" + i + ']';
      Fields call = new Fields(calls.get(i), Map.of());
      if (call.text("type").filter(type -> !type.equals("function")).isPresent()) {
        throw Fields.unsupported(where + ".type", "only calls of type 'function' are available.");
      }
      String id = call.text("id").orElseThrow(() -> missing(where + ".id"));
      read.add(call(call.given("function"), id, where + ".function"));
    }
    return read;
  }

  private static ToolCall call(@Nullable JsonNode function, String id, String path) {
    if (function == null) {
      throw missing(path);
    }
    Fields fields = new Fields(function, Map.of());
    return new ToolCall(
        id,
        fields.text("name").orElseThrow(() -> missing(path + ".name")),
        fields.text("arguments").orElse("{}"));
  }

  private static String name(Fields fields, Role role, String path) {
    String name = fields.text("name").orElse("");
    if (role == Role.FUNCTION && name.isEmpty()) {
      throw missing(path + ".name");
    }
    return name;
  }

  /** The call that a tool's message answers. */
  private static String answered(Fields fields, Role role, String path) {
    String id = fields.text("tool_call_id").orElse("");
    if (role == Role.TOOL && id.isEmpty()) {
      throw missing(path + ".tool_call_id");
    }
    return role == Role.TOOL ? id : "";
  }

  private static ApiException missing(String path) {
    return new ApiException(ApiError.missingParameter(path));
  }
}
