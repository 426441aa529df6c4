package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSUPPORTED;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** Values that a schema names, held against the other keywords around them: exactly. */
final class Literals {
  private static final int MAX_VALUES = 1_000;

  private final Budget budget;
  private final StringRules strings;

  Literals(Budget budget, StringRules strings) {
    this.budget = budget;
    this.strings = strings;
  }

  /** Those for which all holds. */
  List<JsonNode> valid(List<JsonNode> values, Conjunction c) {
    return values.stream().filter(value -> isValid(value, c)).toList();
  }

  boolean isValid(JsonNode value, Conjunction c) {
    if (c.never()) {
      return false;
    }
    for (Schema member : c.members()) {
      if (!isValid(value, member)) {
        return false;
      }
    }
    for (Schema.Choice choice : c.open()) {
      if (!isValid(value, choice)) {
        return false;
      }
    }
    return true;
  }

  private boolean isValid(JsonNode value, Schema.Choice choice) {
    int valid = 0;
    for (Schema option : choice.options()) {
      if (isValid(value, option)) {
        valid++;
        if (!choice.exactlyOne()) {
          return true;
        }
      }
    }
    return valid == 1;
  }

  boolean isValid(JsonNode value, Schema s) {
    budget.spend(2 + s.properties.size() / 4);
    if (s.never || (s.types & type(value)) == 0) {
      return false;
    }
    for (List<JsonNode> allowed : s.values) {
      if (allowed.stream().noneMatch(other -> same(value, other))) {
        return false;
      }
    }
    if (s.excludedValues.stream().anyMatch(other -> same(value, other))) {
      return false;
    }
    boolean own =
        value.isNumber()
            ? isNumber(value.decimalValue(), s)
            : value.isString()
                ? isString(value.stringValue(), s)
                : value.isArray() ? isArray(value, s) : !value.isObject() || isObject(value, s);
    return own
        && s.all.stream().allMatch(part -> isValid(value, part))
        && s.choices.stream().allMatch(choice -> isValid(value, choice));
  }

  private static int type(JsonNode value) {
    if (value.isNumber()) {
      return isWhole(value.decimalValue()) ? Schema.INTEGER : Schema.FRACTION;
    }
    return value.isString()
        ? Schema.STRING
        : value.isBoolean()
            ? Schema.BOOLEAN
            : value.isArray() ? Schema.ARRAY : value.isObject() ? Schema.OBJECT : Schema.NULL;
  }

  private static boolean isWhole(BigDecimal value) {
    return value.signum() == 0 || value.stripTrailingZeros().scale() <= 0;
  }

  /** Equal as JSON: 1 is 1.0, and the order of properties says nothing. */
  boolean same(JsonNode a, JsonNode b) {
    budget.spend(1);
    if (a.isNumber() && b.isNumber()) {
      return a.decimalValue().compareTo(b.decimalValue()) == 0;
    }
    if (a.isArray() && b.isArray() && a.size() == b.size()) {
      for (int i = 0; i < a.size(); i++) {
        if (!same(a.get(i), b.get(i))) {
          return false;
        }
      }
      return true;
    }
    if (a.isObject() && b.isObject() && a.size() == b.size()) {
      for (Map.Entry<String, JsonNode> field : a.properties()) {
        JsonNode other = b.get(field.getKey());
        if (other == null || !same(field.getValue(), other)) {
          return false;
        }
      }
      return true;
    }
    return a.equals(b);
  }

  private static boolean isNumber(BigDecimal value, Schema s) {
    if (s.minimum != null) {
      int order = value.compareTo(s.minimum.value());
      if (order < 0 || order == 0 && s.minimum.exclusive()) {
        return false;
      }
    }
    if (s.maximum != null) {
      int order = value.compareTo(s.maximum.value());
      if (order > 0 || order == 0 && s.maximum.exclusive()) {
        return false;
      }
    }
    return s.multipleOf == null || value.remainder(s.multipleOf).signum() == 0;
  }

  private boolean isString(String text, Schema s) {
    int length = text.codePointCount(0, text.length());
    budget.spend(1 + length / 8);
    return length >= s.minLength
        && (s.maxLength < 0 || length <= s.maxLength)
        && s.patterns.stream().allMatch(pattern -> strings.matches(pattern, true, text, s))
        && s.excludedPatterns.stream()
            .noneMatch(pattern -> strings.matches(pattern, false, text, s))
        && strings.isOfFormat(text, s);
  }

  private boolean isArray(JsonNode array, Schema s) {
    int size = array.size();
    if (size < s.minItems || s.maxItems >= 0 && size > s.maxItems) {
      return false;
    }
    int found = 0;
    for (int i = 0; i < size; i++) {
      Schema item = i < s.prefixItems.size() ? s.prefixItems.get(i) : s.items;
      if (item != null && !isValid(array.get(i), item)) {
        return false;
      }
      if (s.contains != null && isValid(array.get(i), s.contains)) {
        found++;
      }
      for (int j = 0; s.uniqueItems && j < i; j++) {
        if (same(array.get(i), array.get(j))) {
          return false;
        }
      }
    }
    return found >= s.minContains;
  }

  private boolean isObject(JsonNode object, Schema s) {
    int size = object.size();
    if (size < s.minProperties || s.maxProperties >= 0 && size > s.maxProperties) {
      return false;
    }
    if (s.unevaluatedProperties != null) {
      throw s.refuse(UNSUPPORTED, "'unevaluatedProperties' beside given objects is not supported");
    }
    for (String name : s.required) {
      if (!object.has(name)) {
        return false;
      }
    }
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      if (!isProperty(field.getKey(), field.getValue(), s)) {
        return false;
      }
    }
    return true;
  }

  private boolean isProperty(String name, JsonNode value, Schema s) {
    if (s.propertyNames != null
        && !isValid(JsonNodeFactory.instance.stringNode(name), s.propertyNames)) {
      return false;
    }
    Schema declared = s.properties.get(name);
    if (declared != null && !isValid(value, declared)) {
      return false;
    }
    boolean known = declared != null;
    for (Schema.PatternProperty pattern : s.patternProperties) {
      if (strings.matches(pattern.pattern(), false, name, s)) {
        known |= strings.matches(pattern.pattern(), true, name, s);
        if (!isValid(value, pattern.schema())) {
          return false;
        }
      }
    }
    return known || s.additionalProperties == null || isValid(value, s.additionalProperties);
  }

  /** All values there are, without repetition; null if they are not few. */
  @Nullable List<JsonNode> finite(Conjunction c) {
    if (c.never()) {
      return List.of();
    }
    for (Schema member : c.members()) {
      if (!member.values.isEmpty()) {
        return distinct(valid(member.values.getFirst(), c));
      }
    }
    int types = c.types();
    List<JsonNode> values = new ArrayList<>();
    if ((types & ~(Schema.BOOLEAN | Schema.NULL)) == 0) {
      JsonNodeFactory nodes = JsonNodeFactory.instance;
      if ((types & Schema.BOOLEAN) != 0) {
        values.add(nodes.booleanNode(true));
        values.add(nodes.booleanNode(false));
      }
      if ((types & Schema.NULL) != 0) {
        values.add(nodes.nullNode());
      }
      return valid(values, c);
    }
    if (!c.open().isEmpty()) {
      Schema.Choice choice = c.open().getFirst();
      for (Schema option : choice.options()) {
        List<JsonNode> some = finite(c.without(choice).and(List.of(option), budget));
        if (some == null) {
          return null;
        }
        values.addAll(some);
      }
      return distinct(valid(values, c));
    }
    return null;
  }

  private @Nullable List<JsonNode> distinct(List<JsonNode> values) {
    if (values.size() > MAX_VALUES) {
      return null;
    }
    List<JsonNode> kept = new ArrayList<>();
    for (JsonNode value : values) {
      if (kept.stream().noneMatch(other -> same(value, other))) {
        kept.add(value);
      }
    }
    return kept;
  }
}
