package dev.bitfleet.worker.model;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import dev.bitfleet.proto.ToolDescription;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * A chat as Hugging Face's templates expect it: messages and tools as maps, a call's arguments as
 * an object where they are one. Whatever a user wrote goes through a change on its way in, names of
 * arguments as well as their values; what is left unchanged is what we write ourselves.
 *
 * @param tools empty where the template gets none
 */
record ChatValues(List<Map<String, Object>> messages, List<Object> tools) {

  /**
   * @param developer what the role of developer's messages is called
   * @param change applied to each string of the users'
   */
  static ChatValues of(
      List<ChatMessage> messages,
      List<ToolDescription> tools,
      String developer,
      UnaryOperator<String> change) {
    List<Map<String, Object>> entries = new ArrayList<>(messages.size());
    for (ChatMessage message : messages) {
      entries.add(message(message, developer, change));
    }
    List<Object> told = new ArrayList<>(tools.size());
    for (ToolDescription tool : tools) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("type", "function");
      entry.put("function", changed(function(tool), change));
      told.add(entry);
    }
    return new ChatValues(entries, told);
  }

  private static Map<String, Object> message(
      ChatMessage message, String developer, UnaryOperator<String> change) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put(
        "role",
        switch (message.role()) {
          case DEVELOPER -> developer;
          // Templates know the newer word only.
          case FUNCTION -> Role.TOOL.wireName();
          default -> message.role().wireName();
        });
    entry.put("content", change.apply(message.content()));
    if (!message.name().isEmpty()) {
      entry.put("name", change.apply(message.name()));
    }
    if (!message.toolCallId().isEmpty()) {
      entry.put("tool_call_id", change.apply(message.toolCallId()));
    }
    if (!message.toolCalls().isEmpty()) {
      List<Object> calls = new ArrayList<>();
      for (ToolCall call : message.toolCalls()) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", change.apply(call.name()));
        Object arguments = JsonTree.map(arguments(call), change);
        function.put("arguments", arguments == null ? "" : arguments);
        Map<String, Object> written = new LinkedHashMap<>();
        written.put("id", change.apply(call.id()));
        written.put("type", "function");
        written.put("function", function);
        calls.add(written);
      }
      entry.put("tool_calls", calls);
    }
    return entry;
  }

  /** An object where the model wrote one, else the text it wrote; nothing is an empty object. */
  static Object arguments(ToolCall call) {
    if (call.arguments().isBlank()) {
      return Map.of();
    }
    Optional<Map<String, Object>> object = JsonTree.object(call.arguments());
    return object.isPresent() ? object.get() : call.arguments();
  }

  /** A tool as OpenAI's requests have it. */
  static Map<String, Object> tool(ToolDescription tool) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("type", "function");
    entry.put("function", function(tool));
    return entry;
  }

  private static Map<String, Object> function(ToolDescription tool) {
    Map<String, Object> function = new LinkedHashMap<>();
    function.put("name", tool.name());
    function.put("description", tool.description());
    function.put("parameters", JsonTree.object(tool.parameters()).orElseGet(ChatValues::nothing));
    return function;
  }

  /** The schema of a tool without arguments: templates look for its properties. */
  private static Map<String, Object> nothing() {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("type", "object");
    schema.put("properties", new LinkedHashMap<>());
    return schema;
  }

  /** Fields of OpenAI's keep their names; what stands in them is the users'. */
  private static Map<String, Object> changed(
      Map<String, Object> function, UnaryOperator<String> change) {
    Map<String, Object> changed = new LinkedHashMap<>();
    function.forEach(
        (name, value) -> {
          Object inner = JsonTree.map(value, change);
          changed.put(name, inner == null ? "" : inner);
        });
    return changed;
  }
}
