package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.NOT_STRICT;

import java.util.ArrayDeque;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * What {@code strict: true} asks of a schema beside being a schema: the structural rules of
 * OpenAI's structured outputs. Keywords that OpenAI does not know and we do are allowed.
 */
final class StrictRules {
  static final int MAX_LEVELS = 10;
  static final int MAX_PROPERTIES = 5_000;
  static final int MAX_CHARACTERS = 120_000;
  static final int MAX_ENUM_VALUES = 1_000;

  /** An enum of strings with more values than this may not be long. */
  static final int MANY_ENUM_VALUES = 250;

  static final int MAX_LONG_ENUM_CHARACTERS = 15_000;

  private final Budget budget;
  private int properties;
  private int enumValues;
  private int characters;

  private StrictRules(Budget budget) {
    this.budget = budget;
  }

  private record Place(JsonNode node, String path, int level) {}

  /**
   * @throws SchemaRefused NOT_STRICT with the first rule that is broken
   */
  static void require(JsonNode schema, String path, Budget budget) {
    if (!schema.isObject()) {
      throw refused(path, "the root must be an object schema");
    }
    if (schema.has("anyOf") || schema.has("oneOf")) {
      throw refused(path, "the root must not be 'anyOf' or 'oneOf'");
    }
    if (!schema.has("$ref")
        && !(schema.path("type").isString()
            && schema.path("type").stringValue().equals("object"))) {
      throw refused(path, "the root must have \"type\": \"object\"");
    }
    new StrictRules(budget).walk(schema, path);
  }

  private static SchemaRefused refused(String path, String why) {
    return new SchemaRefused(
        NOT_STRICT, path, "Invalid schema at '" + path + "' with 'strict': " + why + ".");
  }

  private void walk(JsonNode root, String path) {
    ArrayDeque<Place> open = new ArrayDeque<>();
    open.add(new Place(root, path, 0));
    for (Place place = open.poll(); place != null; place = open.poll()) {
      budget.spend(10);
      JsonNode node = place.node();
      if (!node.isObject()) {
        continue;
      }
      int level = place.level();
      if (isObjectSchema(node)) {
        level++;
        object(node, place.path(), level);
      }
      values(node, place.path());
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        below(field.getKey(), field.getValue(), place.path(), level, open);
      }
    }
  }

  private void below(String key, JsonNode value, String path, int level, ArrayDeque<Place> open) {
    switch (key) {
      case "properties", "$defs", "definitions", "patternProperties", "dependentSchemas" -> {
        if (value.isObject()) {
          for (Map.Entry<String, JsonNode> field : value.properties()) {
            count(field.getKey().length(), path);
            boolean elsewhere = key.equals("$defs") || key.equals("definitions");
            open.add(
                new Place(
                    field.getValue(),
                    path + "." + key + "." + field.getKey(),
                    elsewhere ? 0 : level));
          }
        }
      }
      case "anyOf", "oneOf", "allOf", "prefixItems" -> {
        for (int i = 0; i < value.size(); i++) {
          open.add(new Place(value.path(i), path + "." + key + "[" + i + "]", level));
        }
      }
      case "items", "not", "if", "then", "else", "contains" ->
          open.add(new Place(value, path + "." + key, level));
      default -> {}
    }
  }

  private static boolean isObjectSchema(JsonNode node) {
    JsonNode type = node.path("type");
    boolean named = type.isString() && type.stringValue().equals("object");
    for (JsonNode one : type.isArray() ? type : java.util.List.<JsonNode>of()) {
      named |= one.isString() && one.stringValue().equals("object");
    }
    return named || node.has("properties");
  }

  private void object(JsonNode node, String path, int level) {
    if (level > MAX_LEVELS) {
      throw refused(path, "objects nest deeper than " + MAX_LEVELS + " levels");
    }
    JsonNode additional = node.path("additionalProperties");
    if (!additional.isBoolean() || additional.booleanValue()) {
      throw refused(path, "'additionalProperties' is required to be supplied and to be false");
    }
    java.util.Set<String> required = new java.util.HashSet<>();
    for (JsonNode name : node.path("required")) {
      required.add(name.asString(""));
    }
    for (Map.Entry<String, JsonNode> field : node.path("properties").properties()) {
      if (++properties > MAX_PROPERTIES) {
        throw refused(path, "there are more than " + MAX_PROPERTIES + " properties");
      }
      if (!required.contains(field.getKey())) {
        throw refused(
            path,
            "'required' must be supplied and hold every property; '"
                + (field.getKey().length() > 80
                    ? field.getKey().substring(0, 80) + "…"
                    : field.getKey())
                + "' is missing");
      }
    }
  }

  private void values(JsonNode node, String path) {
    JsonNode list = node.path("enum");
    int length = 0;
    for (JsonNode value : list) {
      length += value.isString() ? value.stringValue().length() : 0;
    }
    enumValues += list.size();
    if (enumValues > MAX_ENUM_VALUES) {
      throw refused(path, "there are more than " + MAX_ENUM_VALUES + " enum values");
    }
    if (list.size() > MANY_ENUM_VALUES && length > MAX_LONG_ENUM_CHARACTERS) {
      throw refused(
          path,
          "an enum of more than "
              + MANY_ENUM_VALUES
              + " values holds more than "
              + MAX_LONG_ENUM_CHARACTERS
              + " characters");
    }
    JsonNode one = node.path("const");
    count(length + (one.isString() ? one.stringValue().length() : 0), path);
  }

  private void count(int length, String path) {
    characters += length;
    if (characters > MAX_CHARACTERS) {
      throw refused(
          path, "names and values hold more than " + MAX_CHARACTERS + " characters in all");
    }
  }
}
