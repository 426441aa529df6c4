package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSUPPORTED;

import dev.bitfleet.gateway.grammar.Expression.Repeated;
import dev.bitfleet.gateway.grammar.Expression.Text;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Objects. Declared properties come in the schema's order, those that are not required may be left
 * out; then come free ones, whose names are none of the declared.
 *
 * <p>Where a schema declares properties and does not speak of others, no others are written: that
 * is one of the things it allows, and the one that was meant.
 *
 * <p>Free names may repeat: no grammar can remember which have been written. So at most one of them
 * counts towards {@code minProperties}.
 */
final class ObjectRules {
  private static final int MAX_PATTERNS = 5;

  private final Translator translator;
  private final JsonRules json;
  private final Budget budget;
  private final Conjunction c;
  private final Set<String> names = new LinkedHashSet<>();
  private final Set<String> required = new HashSet<>();
  private final List<String> patterns = new ArrayList<>();
  private final Conjunction nameRules;
  private final @Nullable Schema evaluating;

  ObjectRules(Translator translator, Conjunction c) {
    this.translator = translator;
    this.json = translator.json();
    this.budget = translator.budget();
    this.c = c;
    List<Schema> onNames = new ArrayList<>();
    Schema last = null;
    for (Schema member : c.members()) {
      names.addAll(member.properties.keySet());
      required.addAll(member.required);
      for (Schema.PatternProperty pattern : member.patternProperties) {
        if (!patterns.contains(pattern.pattern())) {
          patterns.add(pattern.pattern());
        }
      }
      if (member.propertyNames != null) {
        onNames.add(member.propertyNames);
      }
      if (member.unevaluatedProperties != null) {
        last = member;
      }
    }
    for (Schema member : c.members()) {
      names.addAll(member.required);
    }
    nameRules = Conjunction.of(onNames, budget);
    evaluating = last;
    if (last != null) {
      requireAllWithin(last);
    }
  }

  Expression expression() {
    List<JsonNode> allowedNames = translator.literals().finite(nameRules);
    if (allowedNames != null && !nameRules.members().isEmpty()) {
      for (JsonNode name : allowedNames) {
        if (name.isString()) {
          names.add(name.stringValue());
        }
      }
    }
    List<Members.Member> members = new ArrayList<>();
    for (String name : names) {
      budget.spend(4);
      boolean allowed =
          translator.literals().isValid(JsonNodeFactory.instance.stringNode(name), nameRules);
      Expression value = allowed ? translator.of(valueOf(name)) : Expression.NEVER;
      if (value.equals(Expression.NEVER) && !required.contains(name)) {
        continue;
      }
      members.add(new Members.Member(json.pair(name, value), required.contains(name)));
    }
    int min = c.members().stream().mapToInt(member -> member.minProperties).max().orElse(0);
    int max =
        c.members().stream()
            .mapToInt(member -> member.maxProperties)
            .filter(count -> count >= 0)
            .min()
            .orElse(-1);
    boolean namesAreOpen = allowedNames == null || nameRules.members().isEmpty();
    Expression free = namesAreOpen ? free(min) : Expression.NEVER;
    boolean hasFree = !free.equals(Expression.NEVER);
    if (hasFree && min > members.size() + 1) {
      throw place()
          .refuse(
              UNSUPPORTED,
              "'minProperties' beyond the declared properties is not supported: free names may"
                  + " repeat");
    }
    Expression pair = hasFree ? translator.rules().shared(free) : free;
    Members rules =
        new Members(
            translator.rules(),
            json.comma(),
            members,
            min,
            max,
            count -> tail(pair, hasFree, count, min, max));
    return Expression.sequence(new Text("{"), rules.expression(budget), new Text("}"));
  }

  private Schema place() {
    return c.members().getFirst();
  }

  private Expression tail(Expression pair, boolean hasFree, int count, int min, int max) {
    int missing = Math.max(0, min - count);
    if (!hasFree) {
      return missing == 0 ? Expression.EMPTY : Expression.NEVER;
    }
    int room = max < 0 ? -1 : max - count;
    if (missing > 1 || room >= 0 && room < missing) {
      return Expression.NEVER;
    }
    if (room == 0) {
      return Expression.EMPTY;
    }
    if (count == 0) {
      return translator.rules().list(pair, json.comma(), missing, room);
    }
    Expression more = Expression.sequence(json.comma(), pair);
    return room < 0
        ? new Repeated(more, missing, -1)
        : translator.rules().repeated(more, missing, room);
  }

  /** What must hold for the value of a declared property. */
  private List<Schema> valueOf(String name) {
    List<Schema> value = new ArrayList<>();
    boolean evaluated = false;
    for (Schema member : c.members()) {
      Schema declared = member.properties.get(name);
      boolean known = declared != null;
      if (declared != null) {
        value.add(declared);
      }
      for (Schema.PatternProperty pattern : member.patternProperties) {
        if (translator.strings().matches(pattern.pattern(), false, name, member)) {
          value.add(pattern.schema());
          // Readers may disagree whether it matches: then both what does and what does not hold.
          known |= translator.strings().matches(pattern.pattern(), true, name, member);
        }
      }
      if (!known && member.additionalProperties != null) {
        value.add(member.additionalProperties);
      }
      evaluated |= known || member.additionalProperties != null;
    }
    if (!evaluated && evaluating != null && evaluating.unevaluatedProperties != null) {
      value.add(evaluating.unevaluatedProperties);
    }
    return value;
  }

  /** A name that is not declared, and its value. */
  private Expression free(int min) {
    boolean open = isOpen(min);
    if (!open && patterns.isEmpty()) {
      return Expression.NEVER;
    }
    if (patterns.size() > MAX_PATTERNS) {
      throw place()
          .refuse(UNSUPPORTED, "more than " + MAX_PATTERNS + " 'patternProperties' together");
    }
    if (!nameRules.open().isEmpty()) {
      throw place().refuse(UNSUPPORTED, "'propertyNames' with a choice is not supported");
    }
    if ((nameRules.types() & Schema.STRING) == 0) {
      return Expression.NEVER;
    }
    List<Expression> pairs = new ArrayList<>();
    for (int matched = open ? 0 : 1; matched < 1 << patterns.size(); matched++) {
      List<Schema> value = freeValue(matched);
      Expression written = translator.of(value);
      if (!written.equals(Expression.NEVER)) {
        Expression name = freeName(matched);
        pairs.add(Expression.sequence(name, json.colon(), written));
      }
    }
    return Expression.either(pairs);
  }

  /** Whether names that nothing declares are written. */
  private boolean isOpen(int min) {
    boolean spoken = false;
    boolean closed = false;
    for (Schema member : c.members()) {
      spoken |= member.additionalProperties != null || member.unevaluatedProperties != null;
      closed |= member.additionalProperties != null && member.additionalProperties.never;
    }
    return !closed && (spoken || names.isEmpty() && patterns.isEmpty() || min > names.size());
  }

  private List<Schema> freeValue(int matched) {
    List<Schema> value = new ArrayList<>();
    boolean evaluated = false;
    for (Schema member : c.members()) {
      boolean known = false;
      for (Schema.PatternProperty pattern : member.patternProperties) {
        if ((matched >> patterns.indexOf(pattern.pattern()) & 1) != 0) {
          value.add(pattern.schema());
          known = true;
        }
      }
      if (!known && member.additionalProperties != null) {
        value.add(member.additionalProperties);
      }
      evaluated |= known || member.additionalProperties != null;
    }
    if (!evaluated && evaluating != null && evaluating.unevaluatedProperties != null) {
      value.add(evaluating.unevaluatedProperties);
    }
    return value;
  }

  /** A name that matches exactly these patterns and is not declared. */
  private Expression freeName(int matched) {
    if (patterns.isEmpty() && names.isEmpty() && nameRules.members().isEmpty()) {
      return json.string();
    }
    Automaton all = translator.strings().automaton(nameRules.members(), names, place());
    budget.at(place());
    for (int i = 0; i < patterns.size(); i++) {
      boolean wanted = (matched >> i & 1) != 0;
      Automaton pattern = translator.strings().pattern(patterns.get(i), wanted, place());
      all = wanted ? all.and(pattern, budget) : all.less(pattern, budget);
    }
    for (Schema member : nameRules.members()) {
      List<String> excluded = new ArrayList<>();
      member.excludedValues.stream()
          .filter(JsonNode::isString)
          .forEach(value -> excluded.add(value.stringValue()));
      if (!excluded.isEmpty()) {
        all = all.less(Automaton.texts(excluded, budget), budget);
      }
    }
    return json.string(all);
  }

  /**
   * {@code unevaluatedProperties} sees what the schemas within its own have declared, no others.
   */
  private void requireAllWithin(Schema schema) {
    Set<Schema> within = new HashSet<>();
    ArrayDeque<Schema> open = new ArrayDeque<>(List.of(schema));
    for (Schema at = open.poll(); at != null; at = open.poll()) {
      budget.spend(1);
      if (within.add(at)) {
        open.addAll(at.all);
        at.choices.forEach(choice -> open.addAll(choice.options()));
      }
    }
    for (Schema member : c.members()) {
      boolean speaks =
          !member.properties.isEmpty()
              || !member.patternProperties.isEmpty()
              || member.additionalProperties != null
              || member != schema && member.unevaluatedProperties != null;
      if (speaks && (member.denies || !within.contains(member))) {
        throw schema.refuse(
            UNSUPPORTED, "'unevaluatedProperties' beside properties declared elsewhere");
      }
    }
  }
}
