package dev.bitfleet.gateway.grammar;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One schema of the graph that {@link SchemaReader} makes: its keywords checked, its references
 * resolved. It is filled while the graph is read and not changed after.
 */
final class Schema {
  static final int NULL = 1;
  static final int BOOLEAN = 2;
  static final int INTEGER = 4;

  /** Numbers with a fraction; {@code number} is this and {@link #INTEGER}. */
  static final int FRACTION = 8;

  static final int STRING = 16;
  static final int ARRAY = 32;
  static final int OBJECT = 64;
  static final int ALL_TYPES = 127;

  /** What must hold beside the schema's own keywords: one of several. */
  record Choice(int number, List<Schema> options, boolean exactlyOne) {}

  /** {@code patternProperties}: what a name that the pattern matches leads to. */
  record PatternProperty(String pattern, Schema schema) {}

  /** One bound; null value: none. */
  record Bound(BigDecimal value, boolean exclusive) {}

  final int number;
  private final @Nullable Schema parent;
  private final String step;

  boolean never;
  int types = ALL_TYPES;

  /** From {@code enum} and {@code const}: the value is in each of them. */
  final List<List<JsonNode>> values = new ArrayList<>();

  final List<JsonNode> excludedValues = new ArrayList<>();

  @Nullable Bound minimum;
  @Nullable Bound maximum;
  @Nullable BigDecimal multipleOf;

  int minLength;
  int maxLength = -1;
  final List<String> patterns = new ArrayList<>();
  final List<String> excludedPatterns = new ArrayList<>();
  @Nullable String format;

  final List<Schema> prefixItems = new ArrayList<>();
  @Nullable Schema items;
  int minItems;
  int maxItems = -1;
  boolean uniqueItems;
  @Nullable Schema contains;
  int minContains = 1;

  final Map<String, Schema> properties = new LinkedHashMap<>();
  final List<PatternProperty> patternProperties = new ArrayList<>();
  @Nullable Schema additionalProperties;
  @Nullable Schema unevaluatedProperties;
  @Nullable Schema propertyNames;
  final Set<String> required = new LinkedHashSet<>();
  int minProperties;
  int maxProperties = -1;

  /** These hold too: {@code $ref}, {@code allOf}. */
  final List<Schema> all = new ArrayList<>();

  final List<Choice> choices = new ArrayList<>();

  /** {@code not}, until {@link Negation} has made choices of them. */
  final List<Schema> nots = new ArrayList<>();

  /** {@code if}, {@code then}, {@code else}: null where there is none. */
  record Condition(Schema test, @Nullable Schema then, @Nullable Schema otherwise) {}

  @Nullable Condition condition;

  /** Made to deny another: what it declares has not been evaluated as a property. */
  boolean denies;

  Schema(int number, @Nullable Schema parent, String step) {
    this.number = number;
    this.parent = parent;
    this.step = step;
  }

  /** Where it stands: {@code response_format.json_schema.schema.properties.a}. */
  String path() {
    List<String> steps = new ArrayList<>();
    int length = 0;
    for (Schema at = this; at != null && length < 4096; at = at.parent) {
      steps.add(at.step);
      length += at.step.length();
    }
    return String.join("", steps.reversed());
  }

  /** The types that its keywords speak of: the one meant where none is named. */
  int impliedTypes() {
    int implied = 0;
    if (minimum != null || maximum != null || multipleOf != null) {
      implied |= INTEGER | FRACTION;
    }
    if (minLength > 0
        || maxLength >= 0
        || !patterns.isEmpty()
        || format != null && Formats.isKnown(format)) {
      implied |= STRING;
    }
    if (items != null
        || !prefixItems.isEmpty()
        || minItems > 0
        || maxItems >= 0
        || uniqueItems
        || contains != null) {
      implied |= ARRAY;
    }
    if (!properties.isEmpty()
        || !patternProperties.isEmpty()
        || additionalProperties != null
        || unevaluatedProperties != null
        || propertyNames != null
        || !required.isEmpty()
        || minProperties > 0
        || maxProperties >= 0) {
      implied |= OBJECT;
    }
    return implied;
  }

  /** Whether it has no keyword of its own that could fail. */
  boolean saysNothing() {
    return !never
        && types == ALL_TYPES
        && values.isEmpty()
        && excludedValues.isEmpty()
        && excludedPatterns.isEmpty()
        && impliedTypes() == 0;
  }

  SchemaRefused refuse(SchemaRefused.Reason reason, String why) {
    String path = path();
    return new SchemaRefused(reason, path, "Invalid schema at '" + shown(path) + "': " + why + ".");
  }

  static String shown(String path) {
    return path.length() <= 200 ? path : path.substring(0, 200) + "…";
  }

  @Override
  public String toString() {
    return path();
  }
}
