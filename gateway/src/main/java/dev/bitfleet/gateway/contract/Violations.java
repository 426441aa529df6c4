package dev.bitfleet.gateway.contract;

import com.networknt.schema.Error;
import com.networknt.schema.path.NodePath;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Says in plain words what a schema error means: which field, what was expected, what came. */
final class Violations {
  private static final int SHOWN_CHARACTERS = 60;

  private Violations() {}

  static ApiError describe(Error error, JsonNode body) {
    String path = pathOf(error.getInstanceLocation());
    String property = error.getProperty();
    String keyword = error.getKeyword();
    if ("required".equals(keyword)) {
      return ApiError.missingParameter(path.isEmpty() ? property : path + '.' + property);
    }
    JsonNode node = error.getInstanceNode();
    if (path.isEmpty()) {
      return ApiError.invalid(
          400, "invalid_parameter", Optional.empty(), "The body must be a JSON object.");
    }
    return ApiError.invalidParameter(
        path, "Invalid '" + path + "': " + expectation(error) + ", got " + shown(node) + ".");
  }

  /** As clients write it: {@code messages[0].content}. */
  private static String pathOf(NodePath location) {
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < location.getNameCount(); i++) {
      Object element = location.getElement(i);
      if (element instanceof Integer index) {
        path.append('[').append(index).append(']');
      } else {
        path.append(path.isEmpty() ? "" : ".").append(element);
      }
    }
    return bounded(path.toString());
  }

  private static String expectation(Error error) {
    JsonNode limit = error.getSchemaNode();
    return switch (error.getKeyword()) {
      case "type" -> "expected " + types(limit);
      case "enum" -> "expected one of " + values(limit);
      case "const" -> "expected " + shown(limit);
      case "minimum" -> "expected at least " + limit.asString();
      case "maximum" -> "expected at most " + limit.asString();
      case "exclusiveMinimum" -> "expected more than " + limit.asString();
      case "exclusiveMaximum" -> "expected less than " + limit.asString();
      case "minItems" -> "expected at least " + count(limit, "item");
      case "maxItems" -> "expected at most " + count(limit, "item");
      case "minLength" -> "expected at least " + count(limit, "character");
      case "maxLength" -> "expected at most " + count(limit, "character");
      case "maxProperties" -> "expected at most " + count(limit, "field");
      case "not" -> "expected anything but " + limit.path("description").asString();
      // Token ids are the only names that the contract has a pattern for.
      case "pattern" -> "expected token ids as field names";
      case "propertyNames" -> "expected other field names";
      default -> "it does not fit the contract (" + error.getKeyword() + ")";
    };
  }

  private static String count(JsonNode limit, String what) {
    int n = limit.asInt();
    return n + " " + what + (n == 1 ? "" : "s");
  }

  private static String types(JsonNode types) {
    List<String> names = new ArrayList<>();
    if (types.isArray()) {
      for (JsonNode type : types) {
        if (!"null".equals(type.asString())) {
          names.add(withArticle(type.asString()));
        }
      }
    } else {
      names.add(withArticle(types.asString()));
    }
    return String.join(" or ", names);
  }

  private static String values(JsonNode values) {
    List<String> names = new ArrayList<>();
    for (JsonNode value : values) {
      names.add(value.isNull() ? "null" : "'" + value.asString() + "'");
    }
    return String.join(", ", names);
  }

  /** The kind of a value, with its article. */
  static String kindOf(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT, POJO -> "an object";
      case ARRAY -> "an array";
      case STRING, BINARY -> "a string";
      case NUMBER -> "a number";
      case BOOLEAN -> "a boolean";
      case NULL, MISSING -> "null";
    };
  }

  private static String withArticle(String type) {
    return ("aeiou".indexOf(type.charAt(0)) >= 0 ? "an " : "a ") + type;
  }

  /** The value, as far as it is short. */
  private static String shown(JsonNode node) {
    return switch (node.getNodeType()) {
      case STRING -> "\"" + bounded(node.stringValue()) + "\"";
      case NUMBER, BOOLEAN -> bounded(node.asString());
      case ARRAY -> "an array of " + node.size();
      default -> kindOf(node);
    };
  }

  /** Text that may stand in an answer: short, and without control characters. */
  static String bounded(String text) {
    StringBuilder safe = new StringBuilder();
    for (int i = 0; i < text.length() && safe.length() < SHOWN_CHARACTERS; i++) {
      char c = text.charAt(i);
      safe.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
    }
    return text.length() > SHOWN_CHARACTERS ? safe.append('…').toString() : safe.toString();
  }
}
