package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.MALFORMED;
import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.TOO_LARGE;
import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSUPPORTED;

import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Makes a graph of {@link Schema}s of a JSON Schema (draft 2020-12; what older drafts wrote
 * otherwise is understood where it is not ambiguous). Only what is reached from the root is read.
 * Unknown keywords are annotations, as the standard says.
 */
final class SchemaReader {
  static final int MAX_SCHEMAS = 20_000;

  /** Longer strings and arrays than this are no answer; the bound itself may be higher. */
  private static final int MAX_COUNT = 1_000_000_000;

  private static final int MAX_NAME = 1_024;

  private static final int MAX_VALUES = 10_000;

  private static final Map<String, Integer> TYPES =
      Map.of(
          "null", Schema.NULL,
          "boolean", Schema.BOOLEAN,
          "integer", Schema.INTEGER,
          "number", Schema.INTEGER | Schema.FRACTION,
          "string", Schema.STRING,
          "array", Schema.ARRAY,
          "object", Schema.OBJECT);

  private final Budget budget;
  private final JsonNode document;
  private final Map<JsonNode, Schema> known = new IdentityHashMap<>();
  private final ArrayDeque<Map.Entry<JsonNode, Schema>> open = new ArrayDeque<>();
  private final List<Schema> schemas = new ArrayList<>();
  private final String rootPath;
  private final Negation negation = new Negation(this);
  private int choices;
  private int done;

  SchemaReader(JsonNode document, String path, Budget budget) {
    this.document = document;
    this.budget = budget;
    this.rootPath = path;
  }

  /**
   * The graph, from its root.
   *
   * @throws SchemaRefused wherever it cannot be read
   */
  Schema read() {
    Schema root = schema(document, null, rootPath);
    fillOpen();
    requireNoCircle();
    fillAll();
    return root;
  }

  /**
   * What holds exactly where the schema does not.
   *
   * @throws SchemaRefused UNSUPPORTED if no schema says that
   */
  Schema negated(Schema schema) {
    Schema made = negation.of(schema);
    fillAll();
    return made;
  }

  private void fillOpen() {
    for (Map.Entry<JsonNode, Schema> next = open.poll(); next != null; next = open.poll()) {
      budget.at(next.getValue());
      fill(next.getKey(), next.getValue());
    }
  }

  /** Rewriting makes new schemas, which may have to be rewritten in turn. */
  private void fillAll() {
    fillOpen();
    for (; done < schemas.size(); done++) {
      budget.at(schemas.get(done));
      negation.rewrite(schemas.get(done));
      fillOpen();
    }
  }

  /** A schema that stands nowhere in the document; it is named by the place it comes from. */
  Schema made(Schema origin) {
    return add(new Schema(schemas.size(), origin, ""));
  }

  Schema.Choice choice(List<Schema> options, boolean exactlyOne) {
    return new Schema.Choice(++choices, List.copyOf(options), exactlyOne);
  }

  private Schema add(Schema schema) {
    budget.spend(20);
    if (schemas.size() >= MAX_SCHEMAS) {
      throw schema.refuse(TOO_LARGE, "there are more than " + MAX_SCHEMAS + " schemas");
    }
    schemas.add(schema);
    return schema;
  }

  private Schema schema(JsonNode node, @Nullable Schema parent, String step) {
    Schema old = known.get(node);
    if (old != null && node.isObject()) {
      return old;
    }
    Schema made = add(new Schema(schemas.size(), parent, step));
    if (node.isBoolean()) {
      made.never = !node.booleanValue();
    } else if (node.isObject()) {
      known.put(node, made);
      open.add(Map.entry(node, made));
    } else {
      throw made.refuse(MALFORMED, "a schema is an object or a boolean");
    }
    return made;
  }

  private void fill(JsonNode node, Schema s) {
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      budget.spend(2);
      keyword(field.getKey(), field.getValue(), node, s);
    }
    if (node.path("nullable").isBoolean()
        && node.path("nullable").booleanValue()
        && node.has("type")) {
      s.types |= Schema.NULL;
    }
    afterwards(node, s);
  }

  private void keyword(String key, JsonNode value, JsonNode node, Schema s) {
    switch (key) {
      case "type" -> s.types = types(value, s);
      case "enum" -> {
        if (!value.isArray()) {
          throw s.refuse(MALFORMED, "'enum' must be an array");
        }
        if (value.size() > MAX_VALUES) {
          throw s.refuse(TOO_LARGE, "'enum' has more than " + MAX_VALUES + " values");
        }
        List<JsonNode> values = new ArrayList<>();
        value.forEach(values::add);
        s.values.add(values);
      }
      case "const" -> s.values.add(List.of(value));
      case "minimum" -> s.minimum = tighter(s.minimum, number(key, value, s), false, true);
      case "exclusiveMinimum" -> s.minimum = tighter(s.minimum, number(key, value, s), true, true);
      case "maximum" -> s.maximum = tighter(s.maximum, number(key, value, s), false, false);
      case "exclusiveMaximum" -> s.maximum = tighter(s.maximum, number(key, value, s), true, false);
      case "multipleOf" -> {
        s.multipleOf = number(key, value, s);
        if (s.multipleOf.signum() <= 0) {
          throw s.refuse(MALFORMED, "'multipleOf' must be greater than 0");
        }
      }
      case "minLength" -> s.minLength = count(key, value, s);
      case "maxLength" -> s.maxLength = count(key, value, s);
      case "pattern" -> s.patterns.add(text(key, value, s));
      case "format" -> s.format = text(key, value, s);
      case "minItems" -> s.minItems = count(key, value, s);
      case "maxItems" -> s.maxItems = count(key, value, s);
      case "uniqueItems" -> s.uniqueItems = flag(key, value, s);
      case "prefixItems" -> list(key, value, s, s.prefixItems);
      case "items" -> {
        if (value.isArray()) {
          list(key, value, s, s.prefixItems);
          if (node.has("additionalItems")) {
            s.items = schema(node.get("additionalItems"), s, ".additionalItems");
          }
        } else {
          s.items = schema(value, s, ".items");
        }
      }
      case "contains" -> s.contains = schema(value, s, ".contains");
      case "minContains" -> s.minContains = count(key, value, s);
      case "properties" ->
          fields(key, value, s)
              .forEach(
                  field ->
                      s.properties.put(
                          name(field.getKey(), s),
                          schema(field.getValue(), s, ".properties." + field.getKey())));
      case "patternProperties" ->
          fields(key, value, s)
              .forEach(
                  field ->
                      s.patternProperties.add(
                          new Schema.PatternProperty(
                              field.getKey(),
                              schema(
                                  field.getValue(), s, ".patternProperties." + field.getKey()))));
      case "additionalProperties" ->
          s.additionalProperties = schema(value, s, ".additionalProperties");
      case "unevaluatedProperties" ->
          s.unevaluatedProperties = schema(value, s, ".unevaluatedProperties");
      case "propertyNames" -> s.propertyNames = schema(value, s, ".propertyNames");
      case "required" -> names(key, value, s).forEach(s.required::add);
      case "minProperties" -> s.minProperties = count(key, value, s);
      case "maxProperties" -> s.maxProperties = count(key, value, s);
      case "allOf" -> list(key, value, s, s.all);
      case "anyOf", "oneOf" -> {
        List<Schema> options = new ArrayList<>();
        list(key, value, s, options);
        if (options.isEmpty()) {
          throw s.refuse(MALFORMED, "'" + key + "' must not be empty");
        }
        s.choices.add(choice(options, key.equals("oneOf")));
      }
      case "not" -> s.nots.add(schema(value, s, ".not"));
      case "$ref" -> s.all.add(reference(text(key, value, s), s));
      case "dependentRequired", "dependentSchemas", "dependencies" ->
          fields(key, value, s)
              .forEach(field -> dependent(key, field.getKey(), field.getValue(), s));
      case "unevaluatedItems" -> {
        if (!value.isBoolean() || !value.booleanValue()) {
          throw unsupported(key, s);
        }
      }
      case "maxContains", "$dynamicRef", "$recursiveRef" -> throw unsupported(key, s);
      default -> {
        // An annotation: title, description, default, examples, $comment, x-…
      }
    }
  }

  private static SchemaRefused unsupported(String key, Schema s) {
    return s.refuse(UNSUPPORTED, "'" + key + "' is not supported");
  }

  /** Keywords that mean something only beside others. */
  private void afterwards(JsonNode node, Schema s) {
    if (node.has("if") && (node.has("then") || node.has("else"))) {
      s.condition =
          new Schema.Condition(
              schema(node.get("if"), s, ".if"),
              node.has("then") ? schema(node.get("then"), s, ".then") : null,
              node.has("else") ? schema(node.get("else"), s, ".else") : null);
    }
    if (s.contains == null) {
      s.minContains = 0;
    }
  }

  /** Either the property is absent, or what depends on it holds. */
  private void dependent(String key, String name, JsonNode value, Schema s) {
    Schema absent = made(s);
    Schema nothing = made(s);
    nothing.never = true;
    absent.properties.put(name(name, s), nothing);
    Schema present = made(s);
    present.required.add(name);
    if (value.isArray() && !key.equals("dependentSchemas")) {
      names(key + "." + name, value, s).forEach(present.required::add);
    } else if (!key.equals("dependentRequired")) {
      present.all.add(schema(value, s, "." + key + "." + name));
    } else {
      throw s.refuse(MALFORMED, "'" + key + "' must hold arrays of names");
    }
    s.choices.add(choice(List.of(absent, present), false));
  }

  private static int types(JsonNode value, Schema s) {
    int types = 0;
    for (JsonNode type : value.isArray() ? value : List.of(value)) {
      Integer bit = type.isString() ? TYPES.get(type.stringValue()) : null;
      if (bit == null) {
        throw s.refuse(
            MALFORMED,
            "'type' must be one or more of null, boolean, integer, number, string, array and"
                + " object");
      }
      types |= bit;
    }
    if (types == 0) {
      throw s.refuse(MALFORMED, "'type' must not be empty");
    }
    return types;
  }

  static Schema.Bound tighter(
      Schema.@Nullable Bound old, BigDecimal value, boolean exclusive, boolean lower) {
    Schema.Bound fresh = new Schema.Bound(value, exclusive);
    if (old == null) {
      return fresh;
    }
    int order = value.compareTo(old.value());
    if (order == 0) {
      return exclusive ? fresh : old;
    }
    return (order > 0) == lower ? fresh : old;
  }

  private static BigDecimal number(String key, JsonNode value, Schema s) {
    if (!value.isNumber()) {
      throw s.refuse(MALFORMED, "'" + key + "' must be a number");
    }
    if ((value.isDouble() || value.isFloat()) && !Double.isFinite(value.doubleValue())) {
      throw s.refuse(MALFORMED, "'" + key + "' is beyond what a number can hold");
    }
    return value.decimalValue();
  }

  private static int count(String key, JsonNode value, Schema s) {
    if (value.isNumber()) {
      BigDecimal number = number(key, value, s);
      if (number.signum() >= 0 && number.compareTo(BigDecimal.valueOf(MAX_COUNT)) >= 0) {
        return MAX_COUNT;
      }
      if (number.signum() == 0 || number.signum() > 0 && number.stripTrailingZeros().scale() <= 0) {
        return number.intValue();
      }
    }
    throw s.refuse(MALFORMED, "'" + key + "' must be a whole number, not negative");
  }

  private static String text(String key, JsonNode value, Schema s) {
    if (!value.isString()) {
      throw s.refuse(MALFORMED, "'" + key + "' must be a string");
    }
    return value.stringValue();
  }

  private static boolean flag(String key, JsonNode value, Schema s) {
    if (!value.isBoolean()) {
      throw s.refuse(MALFORMED, "'" + key + "' must be a boolean");
    }
    return value.booleanValue();
  }

  private static Iterable<Map.Entry<String, JsonNode>> fields(
      String key, JsonNode value, Schema s) {
    if (!value.isObject()) {
      throw s.refuse(MALFORMED, "'" + key + "' must be an object");
    }
    return value.properties();
  }

  private void list(String key, JsonNode value, Schema s, List<Schema> into) {
    if (!value.isArray()) {
      throw s.refuse(MALFORMED, "'" + key + "' must be an array");
    }
    for (int i = 0; i < value.size(); i++) {
      into.add(schema(value.get(i), s, "." + key + "[" + i + "]"));
    }
  }

  private List<String> names(String key, JsonNode value, Schema s) {
    if (!value.isArray()) {
      throw s.refuse(MALFORMED, "'" + key + "' must be an array of strings");
    }
    List<String> names = new ArrayList<>();
    for (JsonNode item : value) {
      budget.spend(1);
      names.add(name(text(key, item, s), s));
    }
    return names;
  }

  private static String name(String name, Schema s) {
    if (name.length() > MAX_NAME) {
      throw s.refuse(TOO_LARGE, "a property's name is longer than " + MAX_NAME + " characters");
    }
    return name;
  }

  private Schema reference(String ref, Schema s) {
    if (!ref.equals("#") && !ref.startsWith("#/")) {
      throw s.refuse(
          UNSUPPORTED,
          "'$ref' must lead to a place in the same schema ('#/…'), not to '" + shown(ref) + "'");
    }
    JsonNode at = document;
    if (ref.length() > 1) {
      for (String step : ref.substring(2).split("/", -1)) {
        budget.spend(1);
        String name = unescaped(step, ref, s);
        at =
            at.isArray() && name.matches("0|[1-9][0-9]{0,8}")
                ? at.path(Integer.parseInt(name))
                : at.path(name);
      }
    }
    if (at.isMissingNode()) {
      throw s.refuse(MALFORMED, "'$ref' leads nowhere: '" + shown(ref) + "'");
    }
    return schema(
        at, null, rootPath + (ref.length() > 1 ? ref.substring(1).replace('/', '.') : ""));
  }

  private static String unescaped(String step, String ref, Schema s) {
    try {
      return URLDecoder.decode(step.replace("+", "%2B"), StandardCharsets.UTF_8)
          .replace("~1", "/")
          .replace("~0", "~");
    } catch (IllegalArgumentException e) {
      throw s.refuse(MALFORMED, "'$ref' is not a JSON pointer: '" + shown(ref) + "'");
    }
  }

  private static String shown(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }

  /**
   * A schema that must hold for a value for it to hold for the same value has no meaning. Anything
   * else may refer to itself: it goes into a property or an item on the way.
   */
  private void requireNoCircle() {
    int[] state = new int[schemas.size()]; // 1: on the way, 2: done
    for (Schema from : schemas) {
      ArrayDeque<Schema> path = new ArrayDeque<>();
      path.push(from);
      while (!path.isEmpty()) {
        Schema at = path.peek();
        budget.spend(1);
        if (state[at.number] != 0) {
          path.pop();
          state[at.number] = 2;
          continue;
        }
        state[at.number] = 1;
        for (Schema next : inPlace(at)) {
          if (state[next.number] == 1) {
            throw next.refuse(MALFORMED, "it refers to itself without going into a value");
          }
          if (state[next.number] == 0) {
            path.push(next);
          }
        }
      }
    }
  }

  private static List<Schema> inPlace(Schema s) {
    List<Schema> next = new ArrayList<>(s.all);
    s.choices.forEach(choice -> next.addAll(choice.options()));
    next.addAll(s.nots);
    Schema.Condition condition = s.condition;
    if (condition != null) {
      next.add(condition.test());
      if (condition.then() != null) {
        next.add(condition.then());
      }
      if (condition.otherwise() != null) {
        next.add(condition.otherwise());
      }
    }
    return next;
  }
}
