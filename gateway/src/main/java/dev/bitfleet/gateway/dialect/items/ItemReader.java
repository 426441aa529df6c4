package dev.bitfleet.gateway.dialect.items;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.proto.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the items of a request and normalises them. Ids that clients send are not taken over: an id
 * is what this server finds an item by. Stateless.
 */
public final class ItemReader {
  private static final Set<String> TEXT_PARTS = Set.of("input_text", "output_text", "text");

  private ItemReader() {}

  /**
   * The items of a list, or the one user's message that a string stands for.
   *
   * @param path where they stand in the request, as {@code input}
   * @throws ApiException naming the field of an item that is not understood
   */
  public static List<ObjectNode> read(JsonNode input, String path, ItemIds ids) {
    if (input.isString()) {
      return List.of(
          Items.message(
              ids.next(Items.MESSAGE_ID), Role.USER, input.stringValue(), Items.COMPLETED));
    }
    List<ObjectNode> items = new ArrayList<>(input.size());
    for (int i = 0; i < input.size(); i++) {
      items.add(item(input.get(i), path + '[' + i + ']', ids));
    }
    return items;
  }

  private static ObjectNode item(JsonNode given, String path, ItemIds ids) {
    if (!given.isObject()) {
      throw invalid(path, "expected an object");
    }
    Fields fields = new Fields(given, Map.of());
    String type = fields.given("type") == null ? typeless(fields) : string(given, "type", path);
    return switch (type) {
      case Items.MESSAGE -> message(given, path, ids);
      case Items.FUNCTION_CALL ->
          Items.functionCall(
              ids.next(Items.CALL_ID),
              named(given, "call_id", path),
              named(given, "name", path),
              string(given, "arguments", path),
              Items.COMPLETED);
      case Items.FUNCTION_CALL_OUTPUT -> output(given, path, ids);
      case Items.REASONING -> reasoning(given, ids);
      case Items.ITEM_REFERENCE -> {
        ObjectNode reference = JsonMapper.shared().createObjectNode();
        reference.put("type", Items.ITEM_REFERENCE);
        reference.put("id", named(given, "id", path));
        yield reference;
      }
      default ->
          throw Fields.unsupported(
              path + ".type",
              "items of type '"
                  + shown(type)
                  + "' are not available; 'message', 'function_call', 'function_call_output', "
                  + "'reasoning' and 'item_reference' are.");
    };
  }

  /** The easy forms have no type: a message has a role, a reference only an id. */
  private static String typeless(Fields fields) {
    return fields.given("role") == null && fields.given("id") != null
        ? Items.ITEM_REFERENCE
        : Items.MESSAGE;
  }

  private static ObjectNode message(JsonNode given, String path, ItemIds ids) {
    Role role =
        switch (string(given, "role", path)) {
          case "user" -> Role.USER;
          case "assistant" -> Role.ASSISTANT;
          case "system" -> Role.SYSTEM;
          case "developer" -> Role.DEVELOPER;
          default ->
              throw invalid(
                  path + ".role", "expected one of 'user', 'assistant', 'system', 'developer'");
        };
    JsonNode content = given.get("content");
    if (content == null || content.isNull()) {
      throw new ApiException(ApiError.missingParameter(path + ".content"));
    }
    ObjectNode item = Items.emptyMessage(ids.next(Items.MESSAGE_ID), role, Items.COMPLETED);
    ArrayNode parts = (ArrayNode) item.get("content");
    if (content.isString()) {
      parts.add(Items.part(role, content.stringValue()));
    } else {
      for (String text : texts(content, path + ".content", role)) {
        parts.add(Items.part(role, text));
      }
    }
    return item;
  }

  private static ObjectNode output(JsonNode given, String path, ItemIds ids) {
    JsonNode output = given.get("output");
    if (output == null || output.isNull()) {
      throw new ApiException(ApiError.missingParameter(path + ".output"));
    }
    String text =
        output.isString()
            ? output.stringValue()
            : String.join("\n", texts(output, path + ".output", null));
    return Items.functionCallOutput(ids.next(Items.OUTPUT_ID), named(given, "call_id", path), text);
  }

  private static ObjectNode reasoning(JsonNode given, ItemIds ids) {
    ObjectNode item = Items.item(ids.next(Items.REASONING_ID), Items.REASONING, Items.COMPLETED);
    item.set("summary", given.path("summary").isArray() ? given.get("summary") : item.arrayNode());
    for (String kept : List.of("content", "encrypted_content")) {
      if (given.has(kept)) {
        item.set(kept, given.get(kept));
      }
    }
    return item;
  }

  private static List<String> texts(JsonNode parts, String path, @Nullable Role role) {
    if (!parts.isArray()) {
      throw invalid(path, "expected a string or an array");
    }
    List<String> texts = new ArrayList<>(parts.size());
    for (int i = 0; i < parts.size(); i++) {
      JsonNode part = parts.get(i);
      String where = path + '[' + i + ']';
      if (!part.isObject()) {
        throw invalid(where, "expected an object");
      }
      String type = string(part, "type", where);
      if (TEXT_PARTS.contains(type)) {
        texts.add(string(part, "text", where));
      } else if (type.equals("refusal") && role == Role.ASSISTANT) {
        texts.add(string(part, "refusal", where));
      } else {
        throw Fields.unsupported(
            where + ".type",
            "parts of type '" + shown(type) + "' are not available; only text is.");
      }
    }
    return texts;
  }

  private static String string(JsonNode object, String name, String path) {
    JsonNode value = object.get(name);
    if (value == null || value.isNull()) {
      throw new ApiException(ApiError.missingParameter(path + '.' + name));
    }
    if (!value.isString()) {
      throw invalid(path + '.' + name, "expected a string");
    }
    return value.stringValue();
  }

  /** A string that names something. */
  private static String named(JsonNode object, String name, String path) {
    String value = string(object, name, path);
    if (value.isEmpty() || value.length() > 256) {
      throw invalid(path + '.' + name, "expected 1 to 256 characters");
    }
    return value;
  }

  private static ApiException invalid(String param, String expectation) {
    return new ApiException(
        ApiError.invalidParameter(param, "Invalid '" + param + "': " + expectation + "."));
  }

  private static String shown(String text) {
    return text.length() > 40 ? text.substring(0, 40) + "…" : text;
  }
}
