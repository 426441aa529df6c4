package dev.bitfleet.gateway.grammar;

import dev.bitfleet.gateway.grammar.Expression.Characters;
import dev.bitfleet.gateway.grammar.Expression.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Calls of tools in the one syntax that all models here write:
 *
 * <pre>{@code
 * <tool_call>
 * {"name": "…", "arguments": {…}}
 * </tool_call>
 * }</pre>
 *
 * <p>repeated with a line end between. Free text before them is any text in which {@link #OPENING}
 * does not occur: the first time it does, a call begins. Source of the syntax: NousResearch, the
 * Hermes function calling standard.
 */
final class ToolRules {
  static final String OPENING = "<tool_call>";
  static final String CLOSING = "</tool_call>";

  /** Calls in one answer: a bound on a model that goes round in circles. */
  static final int MAX_CALLS = 32;

  private static final CodePoints TEXT = CodePoints.ALL.less(CodePoints.of(0, 0));

  private final Rules rules;
  private final JsonRules json;
  private final Budget budget;

  ToolRules(Rules rules, JsonRules json, Budget budget) {
    this.rules = rules;
    this.json = json;
    this.budget = budget;
  }

  /**
   * The whole output.
   *
   * @param callable not empty
   * @param answer what the text must be; empty: anything
   */
  Expression root(OutputSpec spec, List<Tool> callable, Optional<Expression> answer) {
    List<Expression> bodies = new ArrayList<>();
    for (Tool tool : callable) {
      Expression arguments = OutputGrammar.arguments(tool, rules, json, budget);
      bodies.add(
          Expression.sequence(
              new Text("{\"name\": " + JsonRules.quoted(tool.name()) + ", \"arguments\": "),
              arguments,
              new Text("}")));
    }
    Expression rest =
        rules.define(
            Expression.sequence(
                new Text("\n"), Expression.either(bodies), new Text("\n" + CLOSING)));
    Expression more =
        spec.parallel() && !spec.choice().once()
            ? rules.repeated(Expression.sequence(new Text("\n" + OPENING), rest), 0, MAX_CALLS - 1)
            : Expression.EMPTY;
    // What follows the opening of the first call.
    Expression calls = Expression.sequence(rest, more);
    Expression onlyCalls = Expression.sequence(new Text(OPENING), calls);
    if (spec.choice().mode() == ToolMode.REQUIRED) {
      return onlyCalls;
    }
    return answer.isPresent()
        ? Expression.either(answer.get(), onlyCalls)
        : textThen(rules.define(calls));
  }

  /**
   * Text without the opening, or up to it and the calls. A state per character of the opening that
   * has been seen; it may end in any.
   */
  private Expression textThen(Expression calls) {
    int n = OPENING.length();
    Expression.Rule[] seen = new Expression.Rule[n];
    for (int i = 0; i < n; i++) {
      seen[i] = rules.rule();
    }
    for (int i = 0; i < n; i++) {
      char next = OPENING.charAt(i);
      List<Expression> ways = new ArrayList<>();
      ways.add(Expression.EMPTY);
      ways.add(
          Expression.sequence(
              new Text(String.valueOf(next)),
              i + 1 < n ? new Expression.Reference(seen[i + 1]) : calls));
      // Only '<' begins it, and it stands in it once: any other character starts over.
      CodePoints others = TEXT.less(CodePoints.of(next, next));
      if (i > 0) {
        others = others.less(CodePoints.of('<', '<'));
        ways.add(Expression.sequence(new Text("<"), new Expression.Reference(seen[1])));
      }
      ways.add(Expression.sequence(new Characters(others), new Expression.Reference(seen[0])));
      seen[i].body = Expression.either(ways);
    }
    return new Expression.Reference(seen[0]);
  }
}
