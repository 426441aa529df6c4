package dev.bitfleet.gateway.grammar;

import dev.bitfleet.gateway.grammar.Expression.Reference;
import dev.bitfleet.gateway.grammar.Expression.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * An automaton as right-linear rules: each rule's alternatives begin with different characters, so
 * that an engine never follows two at once.
 */
final class AutomatonRules {
  private final Automaton automaton;
  private final Rules rules;
  private final Budget budget;
  private final Function<CodePoints, Expression> spelling;
  private final Expression end;
  private final List<Map<Integer, CodePoints>> edges = new ArrayList<>();
  private final Rule[] named;

  AutomatonRules(
      Automaton automaton, Rules rules, Function<CodePoints, Expression> spelling, Expression end) {
    this.automaton = automaton;
    this.rules = rules;
    this.budget = rules.budget();
    this.spelling = spelling;
    this.end = end;
    named = new Rule[automaton.states()];
  }

  Expression start() {
    int n = automaton.states();
    int[] ways = new int[n];
    ways[0] = 1;
    for (int s = 0; s < n; s++) {
      budget.spend(4 * automaton.alphabet().size() + automaton.alphabet().intervals());
      Map<Integer, CodePoints> out = automaton.edges(s);
      edges.add(out);
      out.keySet().forEach(to -> ways[to]++);
    }
    for (int s = 0; s < n; s++) {
      if (s == 0 || ways[s] > 1 || edges.get(s).size() != 1 || automaton.accepts(s)) {
        if (s == 0 || !edges.get(s).isEmpty()) {
          named[s] = rules.rule();
        }
      }
    }
    for (int s = 0; s < n; s++) {
      if (isNamed(s)) {
        named[s].body = body(s);
      }
    }
    return new Reference(named[0]);
  }

  @SuppressWarnings("NullAway") // an array starts out as nulls
  private boolean isNamed(int s) {
    return named[s] != null;
  }

  private Expression body(int s) {
    List<Expression> ways = new ArrayList<>();
    edges.get(s).forEach((to, set) -> ways.add(way(set, to)));
    if (automaton.accepts(s)) {
      ways.add(end);
    }
    return Expression.either(ways);
  }

  private Expression way(CodePoints set, int to) {
    List<Expression> parts = new ArrayList<>(List.of(spelling.apply(set)));
    int at = to;
    while (!isNamed(at) && !automaton.accepts(at)) {
      Map.Entry<Integer, CodePoints> only = edges.get(at).entrySet().iterator().next();
      parts.add(spelling.apply(only.getValue()));
      at = only.getKey();
    }
    parts.add(isNamed(at) ? new Reference(named[at]) : end);
    return Expression.sequence(parts);
  }
}
