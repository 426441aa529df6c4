package dev.bitfleet.gateway.grammar;

import java.util.List;
import java.util.Random;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Schemas out of a seed: keywords that people use, put together as nobody would. */
final class RandomSchemas {
  private static final List<String> NAMES = List.of("a", "b", "ab", "name", "x-y", "é");
  private static final List<String> PATTERNS =
      List.of("^[a-z]{1,5}$", "x", "^a|b$", "[0-9]{2}", "^.{0,4}$", "^(foo|bar)+$");
  private static final List<String> FORMATS = List.of("date", "uuid", "ipv4", "time", "ipv6");

  private final Random random;
  private final JsonNodeFactory nodes = JsonNodeFactory.instance;

  RandomSchemas(long seed) {
    random = new Random(seed);
  }

  private boolean maybe(int outOf) {
    return random.nextInt(outOf) == 0;
  }

  private <T> T any(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  ObjectNode schema(int depth) {
    ObjectNode root = node(depth);
    ObjectNode defs = root.putObject("$defs");
    defs.set("one", node(1));
    defs.set("two", node(1));
    return root;
  }

  private ObjectNode node(int depth) {
    ObjectNode s = nodes.objectNode();
    switch (random.nextInt(depth > 0 ? 11 : 6)) {
      case 0 -> string(s);
      case 1 -> integer(s);
      case 2 -> number(s);
      case 3 -> s.put("type", maybe(2) ? "boolean" : "null");
      case 4 -> {
        ArrayNode values = s.putArray("enum");
        for (int i = random.nextInt(5); i >= 0; i--) {
          switch (random.nextInt(4)) {
            case 0 -> values.add(random.nextInt(20));
            case 1 -> values.add("v" + random.nextInt(20));
            case 2 -> values.addNull();
            default -> values.add(random.nextBoolean());
          }
        }
      }
      case 5 -> s.put("$ref", maybe(2) ? "#/$defs/one" : "#/$defs/two");
      case 6, 7 -> object(s, depth);
      case 8 -> array(s, depth);
      case 9 -> {
        ArrayNode options = s.putArray(maybe(4) ? "oneOf" : "anyOf");
        for (int i = random.nextInt(3); i >= 0; i--) {
          options.add(node(depth - 1));
        }
        if (maybe(3)) {
          object(s, depth - 1);
        }
      }
      default -> {
        ArrayNode parts = s.putArray("allOf");
        ObjectNode first = nodes.objectNode();
        object(first, depth - 1);
        parts.add(first);
        ObjectNode second = nodes.objectNode();
        object(second, depth - 1);
        parts.add(second);
      }
    }
    if (maybe(12)) {
      s.set(
          "not",
          maybe(2) ? nodes.objectNode().put("const", 3) : nodes.objectNode().put("type", "null"));
    }
    return s;
  }

  private void string(ObjectNode s) {
    s.put("type", "string");
    if (maybe(3)) {
      s.put("minLength", random.nextInt(4));
    }
    if (maybe(3)) {
      s.put("maxLength", 3 + random.nextInt(90));
    }
    if (maybe(3)) {
      s.put("pattern", any(PATTERNS));
    } else if (maybe(4)) {
      s.put("format", any(FORMATS));
    }
  }

  private void integer(ObjectNode s) {
    s.put("type", "integer");
    int low = random.nextInt(2000) - 1000;
    if (maybe(2)) {
      s.put(maybe(3) ? "exclusiveMinimum" : "minimum", low);
    }
    if (maybe(2)) {
      s.put(maybe(3) ? "exclusiveMaximum" : "maximum", low + random.nextInt(3000));
    }
    if (maybe(4)) {
      s.put("multipleOf", 1 + random.nextInt(30));
    }
  }

  private void number(ObjectNode s) {
    s.put("type", "number");
    java.math.BigDecimal low =
        new java.math.BigDecimal(random.nextInt(2000) - 1000).movePointLeft(random.nextInt(4));
    if (maybe(2)) {
      s.put(maybe(3) ? "exclusiveMinimum" : "minimum", low);
    }
    if (maybe(2)) {
      s.put(
          maybe(3) ? "exclusiveMaximum" : "maximum",
          low.add(java.math.BigDecimal.valueOf(random.nextInt(500)).movePointLeft(2)));
    }
    if (maybe(5)) {
      s.put(
          "multipleOf",
          any(
              List.of(
                  new java.math.BigDecimal("0.01"),
                  new java.math.BigDecimal("0.5"),
                  new java.math.BigDecimal("0.25"))));
    }
  }

  private void object(ObjectNode s, int depth) {
    s.put("type", "object");
    ObjectNode properties = s.putObject("properties");
    ArrayNode required = s.putArray("required");
    for (String name : NAMES) {
      if (maybe(2)) {
        properties.set(name, node(depth - 1));
        if (maybe(2)) {
          required.add(name);
        }
      }
    }
    switch (random.nextInt(5)) {
      case 0 -> s.put("additionalProperties", true);
      case 1 -> s.set("additionalProperties", node(depth - 1));
      case 2, 3 -> s.put("additionalProperties", false);
      default -> {}
    }
    if (maybe(6)) {
      s.putObject("patternProperties").set(any(PATTERNS), node(depth - 1));
    }
    if (maybe(6)) {
      s.put("minProperties", random.nextInt(3));
    }
    if (maybe(6)) {
      s.put("maxProperties", 2 + random.nextInt(4));
    }
    if (maybe(8)) {
      s.putObject("dependentRequired").putArray(any(NAMES)).add(any(NAMES));
    }
  }

  private void array(ObjectNode s, int depth) {
    s.put("type", "array");
    if (maybe(4)) {
      ArrayNode places = s.putArray("prefixItems");
      places.add(node(depth - 1));
      places.add(node(depth - 1));
    }
    if (!maybe(5)) {
      s.set("items", node(depth - 1));
    }
    if (maybe(3)) {
      s.put("minItems", random.nextInt(3));
    }
    if (maybe(3)) {
      s.put("maxItems", 2 + random.nextInt(80));
    }
    if (maybe(8)) {
      s.put("uniqueItems", true);
    }
    if (maybe(8)) {
      s.set("contains", node(depth - 1));
    }
  }
}
