package dev.bitfleet.gateway.grammar;

import dev.bitfleet.gateway.grammar.Expression.Characters;
import dev.bitfleet.gateway.grammar.Expression.Reference;
import dev.bitfleet.gateway.grammar.Expression.Repeated;
import dev.bitfleet.gateway.grammar.Expression.Rule;
import dev.bitfleet.gateway.grammar.Expression.Text;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * JSON's own rules, each made when first asked for. Written compactly: at most one blank after a
 * comma or a colon, none elsewhere. A character of a string has one spelling: itself, or a short
 * escape where JSON demands one; control characters without a short escape do not occur.
 */
final class JsonRules {
  private static final String SHORT = "\"\\\b\f\n\r\t";
  private static final String SHORT_SIGNS = "\"\\bfnrt";
  private static final CodePoints ESCAPED = CodePoints.anyOf(SHORT);
  private static final CodePoints PLAIN = CodePoints.ALL.less(CodePoints.of(0, 0x1F)).less(ESCAPED);

  /** What a character of a string may be. */
  static final CodePoints WRITABLE = PLAIN.or(ESCAPED);

  private static final CodePoints DIGIT = CodePoints.of('0', '9');

  private final Rules rules;
  private final Map<String, Expression> made = new HashMap<>();
  private @Nullable Rule value;

  JsonRules(Rules rules) {
    this.rules = rules;
  }

  private Expression once(String name, java.util.function.Supplier<Expression> body) {
    Expression old = made.get(name);
    if (old == null) {
      old = rules.define(body.get());
      made.put(name, old);
    }
    return old;
  }

  private Expression space() {
    return once("space", () -> new Repeated(new Characters(CodePoints.anyOf(" ")), 0, 1));
  }

  Expression comma() {
    return Expression.sequence(new Text(","), space());
  }

  Expression colon() {
    return Expression.sequence(new Text(":"), space());
  }

  /** {@code "name":} and what follows. */
  Expression pair(String name, Expression value) {
    return Expression.sequence(new Text(quoted(name) + ":"), space(), value);
  }

  /** One character of a string, as JSON spells it. */
  Expression character(CodePoints set) {
    CodePoints wanted = set.and(WRITABLE);
    return wanted.equals(WRITABLE) ? once("character", () -> spelled(WRITABLE)) : spelled(wanted);
  }

  private static Expression spelled(CodePoints set) {
    StringBuilder signs = new StringBuilder();
    for (int i = 0; i < SHORT.length(); i++) {
      if (set.contains(SHORT.charAt(i))) {
        signs.append(SHORT_SIGNS.charAt(i));
      }
    }
    List<Expression> spellings = new ArrayList<>();
    CodePoints plain = set.and(PLAIN);
    if (!plain.isEmpty()) {
      spellings.add(new Characters(plain));
    }
    if (!signs.isEmpty()) {
      spellings.add(
          Expression.sequence(new Text("\\"), new Characters(CodePoints.anyOf(signs.toString()))));
    }
    return Expression.either(spellings);
  }

  /** A text as a JSON string, as this class spells it. */
  static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int at = SHORT.indexOf(c);
      if (at >= 0) {
        out.append('\\').append(SHORT_SIGNS.charAt(at));
      } else if (c < 0x20) {
        out.append("\\u00").append(Character.forDigit(c >> 4, 16));
        out.append(Character.forDigit(c & 15, 16));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }

  Expression string() {
    return once("string", () -> string(0, -1));
  }

  /** Any string of so many characters (-1: without end). */
  Expression string(int min, int max) {
    return Expression.sequence(
        new Text("\""), rules.repeated(character(CodePoints.ALL), min, max), new Text("\""));
  }

  Expression integer() {
    return once(
        "integer",
        () ->
            Expression.either(
                new Text("0"),
                Expression.sequence(
                    Expression.optional(new Characters(CodePoints.anyOf("-"))),
                    new Characters(CodePoints.of('1', '9')),
                    new Repeated(new Characters(DIGIT), 0, NumberRange.SAFE_DIGITS - 1))));
  }

  Expression number() {
    return once(
        "number",
        () ->
            Expression.sequence(
                integer(),
                Expression.optional(
                    Expression.sequence(new Text("."), new Repeated(new Characters(DIGIT), 1, 15))),
                Expression.optional(
                    Expression.sequence(
                        new Characters(CodePoints.anyOf("eE")),
                        Expression.optional(new Characters(CodePoints.anyOf("+-"))),
                        new Repeated(new Characters(DIGIT), 1, 2)))));
  }

  /** Any JSON value, nested as deep as it likes. */
  Expression value() {
    if (value == null) {
      Rule rule = rules.rule();
      value = rule;
      rule.body =
          Expression.either(
              object(),
              array(),
              string(),
              number(),
              new Text("true"),
              new Text("false"),
              new Text("null"));
    }
    return new Reference(value);
  }

  Expression object() {
    return once(
        "object",
        () ->
            Expression.sequence(
                new Text("{"),
                rules.list(Expression.sequence(string(), colon(), value()), comma(), 0, -1),
                new Text("}")));
  }

  Expression array() {
    return once(
        "array",
        () ->
            Expression.sequence(new Text("["), rules.list(value(), comma(), 0, -1), new Text("]")));
  }

  /** Exactly this value. */
  Expression literal(JsonNode node) {
    if (node.isString()) {
      return new Text(quoted(node.stringValue()));
    }
    if (node.isObject()) {
      List<Expression> parts = new ArrayList<>(List.of(new Text("{")));
      node.properties()
          .forEach(
              field -> {
                if (parts.size() > 1) {
                  parts.add(comma());
                }
                parts.add(pair(field.getKey(), literal(field.getValue())));
              });
      parts.add(new Text("}"));
      return Expression.sequence(parts);
    }
    if (node.isArray()) {
      List<Expression> parts = new ArrayList<>(List.of(new Text("[")));
      for (JsonNode item : node) {
        if (parts.size() > 1) {
          parts.add(comma());
        }
        parts.add(literal(item));
      }
      parts.add(new Text("]"));
      return Expression.sequence(parts);
    }
    return new Text(node.toString());
  }

  /**
   * An automaton's texts: a rule per state, none for a state on a straight way.
   *
   * @param spelling of a character
   * @param end what follows the text
   */
  Expression texts(Automaton automaton, Function<CodePoints, Expression> spelling, Expression end) {
    return new AutomatonRules(automaton, rules, spelling, end).start();
  }

  /** A string that the automaton accepts. */
  Expression string(Automaton automaton) {
    return Expression.sequence(new Text("\""), texts(automaton, this::character, new Text("\"")));
  }
}
