package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSUPPORTED;

import dev.bitfleet.gateway.grammar.Expression.Characters;
import dev.bitfleet.gateway.grammar.Expression.Reference;
import dev.bitfleet.gateway.grammar.Expression.Rule;
import dev.bitfleet.gateway.grammar.Expression.Text;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Makes rules of one graph of schemas. Each {@link Conjunction} that is met becomes one rule, once;
 * bodies are made from a queue, so that no depth of schema is a depth of calls.
 */
final class Translator {
  /** More values of an enum than this are written as an automaton. */
  private static final int FEW_VALUES = 16;

  private record Pending(Rule rule, Conjunction conjunction) {}

  private final SchemaReader reader;
  private final Schema root;
  private final Rules rules;
  private final JsonRules json;
  private final Budget budget;
  private final Literals literals;
  private final Emptiness emptiness;
  private final StringRules strings;
  private final Map<Conjunction.Key, Rule> known = new HashMap<>();
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();

  private Translator(JsonNode schema, String path, Rules rules, JsonRules json, Budget budget) {
    this.reader = new SchemaReader(schema, path, budget);
    this.root = reader.read();
    this.rules = rules;
    this.json = json;
    this.budget = budget;
    this.strings = new StringRules(json, rules, budget);
    this.literals = new Literals(budget, strings);
    this.emptiness = new Emptiness(budget, literals, strings);
  }

  /**
   * What a schema's documents look like.
   *
   * @param onlyObjects whether only its objects are wanted
   * @throws SchemaRefused as it says
   */
  static Expression translate(
      JsonNode schema,
      String path,
      boolean onlyObjects,
      Rules rules,
      JsonRules json,
      Budget budget) {
    Translator translator = new Translator(schema, path, rules, json, budget);
    List<Schema> wanted = new ArrayList<>(List.of(translator.root));
    if (onlyObjects) {
      Schema object = translator.reader.made(translator.root);
      object.types = Schema.OBJECT;
      wanted.add(object);
    }
    Expression made = translator.of(wanted);
    translator.finish();
    return made;
  }

  Budget budget() {
    return budget;
  }

  Rules rules() {
    return rules;
  }

  JsonRules json() {
    return json;
  }

  Literals literals() {
    return literals;
  }

  StringRules strings() {
    return strings;
  }

  /** A value for which all of these hold. */
  Expression of(List<Schema> schemas) {
    return of(Conjunction.of(schemas, budget));
  }

  Expression of(Conjunction conjunction) {
    if (conjunction.never()) {
      return Expression.NEVER;
    }
    if (conjunction.members().isEmpty() && conjunction.open().isEmpty()) {
      return json.value();
    }
    Conjunction.Key key = conjunction.key();
    Rule rule = known.get(key);
    if (rule == null) {
      rule = rules.rule();
      known.put(key, rule);
      pending.add(new Pending(rule, conjunction));
    }
    return new Reference(rule);
  }

  private void finish() {
    for (Pending next = pending.poll(); next != null; next = pending.poll()) {
      budget.at(next.conjunction().place(root));
      next.rule().body = body(next.conjunction());
    }
  }

  private Expression body(Conjunction c) {
    for (Schema member : c.members()) {
      if (!member.values.isEmpty()) {
        return values(member.values.getFirst(), c);
      }
    }
    if (!c.open().isEmpty()) {
      return choice(c.open().getFirst(), c);
    }
    return typed(c);
  }

  private Expression values(List<JsonNode> values, Conjunction c) {
    List<Expression> kept = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    for (JsonNode value : literals.valid(values, c)) {
      if (value.isString() && values.size() > FEW_VALUES) {
        texts.add(value.stringValue());
      } else {
        kept.add(json.literal(value));
      }
    }
    if (!texts.isEmpty()) {
      // Spelled first: a value may hold characters that a free string may not.
      List<String> spelled = texts.stream().map(JsonRules::quoted).toList();
      kept.add(json.texts(Automaton.texts(spelled, budget), Characters::new, Expression.EMPTY));
    }
    return Expression.either(kept);
  }

  private Expression choice(Schema.Choice choice, Conjunction c) {
    Conjunction base = c.without(choice);
    List<Schema> options = choice.options();
    List<Expression> made = new ArrayList<>();
    List<List<Schema>> wanted = new ArrayList<>();
    for (Schema option : options) {
      wanted.add(new ArrayList<>(List.of(option)));
    }
    if (choice.exactlyOne() && !hasDiscriminator(options)) {
      makeExclusive(options, wanted, base, c);
    }
    for (List<Schema> option : wanted) {
      made.add(of(base.and(option, budget)));
    }
    return Expression.either(made);
  }

  /**
   * Whether a property that all options require has other texts in each: the usual union, known for
   * one without comparing every two.
   */
  private boolean hasDiscriminator(List<Schema> options) {
    List<Conjunction> all = options.stream().map(option -> Conjunction.of(option, budget)).toList();
    for (Schema member : all.getFirst().members()) {
      for (String name : member.required) {
        Set<JsonNode> seen = new HashSet<>();
        if (all.stream().allMatch(option -> addsTexts(option, name, seen))) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean addsTexts(Conjunction option, String name, Set<JsonNode> seen) {
    for (Schema member : option.members()) {
      budget.spend(4);
      Schema property = member.properties.get(name);
      if (property != null
          && !property.values.isEmpty()
          && (member.types & ~Schema.OBJECT) == 0
          && member.required.contains(name)) {
        for (JsonNode value : property.values.getFirst()) {
          budget.spend(2);
          if (!value.isString() || !seen.add(value)) {
            return false;
          }
        }
        return true;
      }
    }
    return false;
  }

  /** Where two options may hold at once, each also denies the other. */
  private void makeExclusive(
      List<Schema> options, List<List<Schema>> wanted, Conjunction base, Conjunction c) {
    for (int i = 0; i < options.size(); i++) {
      for (int j = i + 1; j < options.size(); j++) {
        Schema a = options.get(i);
        Schema b = options.get(j);
        if (emptiness.isCertain(base.and(List.of(a, b), budget))) {
          continue;
        }
        try {
          wanted.get(i).add(reader.negated(b));
          wanted.get(j).add(reader.negated(a));
        } catch (SchemaRefused e) {
          if (e.reason() != UNSUPPORTED) {
            throw e;
          }
          throw c.place(root)
              .refuse(
                  UNSUPPORTED,
                  "'oneOf' options "
                      + i
                      + " and "
                      + j
                      + " may hold at once as far as can be told; use 'anyOf', or tell them apart"
                      + " by a required property with a 'const'");
        }
      }
    }
  }

  private Expression typed(Conjunction c) {
    int types = c.types();
    if (types == Schema.ALL_TYPES && c.members().isEmpty()) {
      return json.value();
    }
    List<JsonNode> excluded = new ArrayList<>();
    c.members().forEach(member -> excluded.addAll(member.excludedValues));
    List<Expression> made = new ArrayList<>();
    if ((types & Schema.OBJECT) != 0) {
      requireNone(excluded, JsonNode::isObject, c);
      made.add(new ObjectRules(this, c).expression());
    }
    if ((types & Schema.ARRAY) != 0) {
      requireNone(excluded, JsonNode::isArray, c);
      made.add(new ArrayRules(this, c).expression());
    }
    if ((types & Schema.STRING) != 0) {
      made.add(
          strings.of(
              c.members(),
              excluded.stream().filter(JsonNode::isString).map(JsonNode::stringValue).toList(),
              c.place(root)));
    }
    if ((types & (Schema.INTEGER | Schema.FRACTION)) != 0) {
      made.add(number(c, types, excluded));
    }
    if ((types & Schema.BOOLEAN) != 0) {
      for (boolean value : new boolean[] {true, false}) {
        if (excluded.stream().noneMatch(x -> x.isBoolean() && x.booleanValue() == value)) {
          made.add(new Text(String.valueOf(value)));
        }
      }
    }
    if ((types & Schema.NULL) != 0 && excluded.stream().noneMatch(JsonNode::isNull)) {
      made.add(new Text("null"));
    }
    return Expression.either(made);
  }

  private void requireNone(
      List<JsonNode> excluded, java.util.function.Predicate<JsonNode> kind, Conjunction c) {
    if (excluded.stream().anyMatch(kind)) {
      throw c.place(root)
          .refuse(
              UNSUPPORTED, "an array or object as a value that is not allowed is not supported");
    }
  }

  private Expression number(Conjunction c, int types, List<JsonNode> excluded) {
    boolean wholes = (types & Schema.INTEGER) != 0;
    boolean fractions = (types & Schema.FRACTION) != 0;
    Schema.Bound min = null;
    Schema.Bound max = null;
    @Nullable BigDecimal step = fractions ? null : BigDecimal.ONE;
    for (Schema member : c.members()) {
      if (member.minimum != null) {
        min = SchemaReader.tighter(min, member.minimum.value(), member.minimum.exclusive(), true);
      }
      if (member.maximum != null) {
        max = SchemaReader.tighter(max, member.maximum.value(), member.maximum.exclusive(), false);
      }
      if (member.multipleOf != null) {
        step = step == null ? member.multipleOf : commonMultiple(step, member.multipleOf, member);
      }
    }
    List<BigDecimal> holes =
        excluded.stream().filter(JsonNode::isNumber).map(JsonNode::decimalValue).toList();
    if (wholes && min == null && max == null && holes.isEmpty()) {
      if (step == null) {
        return json.number();
      }
      if (step.compareTo(BigDecimal.ONE) == 0) {
        return json.integer();
      }
    }
    Schema place = c.place(root);
    Automaton digits = new NumberRange(min, max, step).automaton(budget, place);
    if (!wholes) {
      digits = digits.and(NumberRange.fractions(budget), budget);
    }
    for (BigDecimal hole : holes) {
      Schema.Bound exactly = new Schema.Bound(hole, false);
      digits =
          digits.less(new NumberRange(exactly, exactly, null).automaton(budget, place), budget);
    }
    return json.texts(digits, Characters::new, Expression.EMPTY);
  }

  private static BigDecimal commonMultiple(BigDecimal a, BigDecimal b, Schema at) {
    int scale =
        Math.max(0, Math.max(a.stripTrailingZeros().scale(), b.stripTrailingZeros().scale()));
    if (scale > 40 || a.precision() - a.scale() > 40 || b.precision() - b.scale() > 40) {
      throw at.refuse(UNSUPPORTED, "'multipleOf' has too many digits");
    }
    var x = a.movePointRight(scale).toBigIntegerExact();
    var y = b.movePointRight(scale).toBigIntegerExact();
    return new BigDecimal(x.divide(x.gcd(y)).multiply(y), scale);
  }
}
