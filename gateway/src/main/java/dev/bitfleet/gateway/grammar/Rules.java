package dev.bitfleet.gateway.grammar;

import dev.bitfleet.gateway.grammar.Expression.Alternatives;
import dev.bitfleet.gateway.grammar.Expression.Characters;
import dev.bitfleet.gateway.grammar.Expression.Reference;
import dev.bitfleet.gateway.grammar.Expression.Repeated;
import dev.bitfleet.gateway.grammar.Expression.Rule;
import dev.bitfleet.gateway.grammar.Expression.Sequence;
import dev.bitfleet.gateway.grammar.Expression.Text;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rules of one grammar while it is made. In the end those that can never be completed are cut
 * out, alternative by alternative: an engine that walked into one would write without end.
 */
final class Rules {
  /**
   * The engines unroll a repetition. Beyond this a count is written in digits of base 16, one rule
   * each: the grammar grows with the logarithm.
   */
  private static final int MAX_UNROLLED = 64;

  private static final int BASE = 16;

  private final Budget budget;
  private final List<Rule> rules = new ArrayList<>();
  private final BitSet productive = new BitSet();

  Rules(Budget budget) {
    this.budget = budget;
  }

  Budget budget() {
    return budget;
  }

  Rule rule() {
    budget.rule();
    Rule rule = new Rule(rules.size());
    rules.add(rule);
    return rule;
  }

  Expression define(Expression body) {
    Rule rule = rule();
    rule.body = body;
    return new Reference(rule);
  }

  /** The same expression at the price of a name, unless it is one already or tiny. */
  Expression shared(Expression body) {
    return body instanceof Reference || body instanceof Text text && text.text().length() <= 2
        ? body
        : define(body);
  }

  /**
   * The item {@code min} to {@code max} times (-1: without end). Every count has one derivation, so
   * that an engine follows few at once.
   */
  Expression repeated(Expression item, int min, int max) {
    if (max == 0) {
      return Expression.EMPTY;
    }
    if (Math.max(min, max) <= MAX_UNROLLED) {
      return min == 1 && max == 1 ? item : new Repeated(item, min, max);
    }
    Expression one = shared(item);
    Expression all = exactly(one, min);
    return Expression.sequence(all, max < 0 ? new Repeated(one, 0, -1) : upTo(one, max - min));
  }

  private Expression exactly(Expression one, int count) {
    List<Expression> parts = new ArrayList<>();
    Expression power = one;
    for (int rest = count; rest > 0; rest /= BASE) {
      int digit = rest % BASE;
      if (digit > 0) {
        parts.add(new Repeated(power, digit, digit));
      }
      if (rest >= BASE) {
        power = define(new Repeated(power, BASE, BASE));
      }
    }
    return Expression.sequence(parts);
  }

  /** Counts 0 to {@code max}: a digit less and anything below it, or the digit and the rest. */
  private Expression upTo(Expression one, int max) {
    List<Expression> powers = new ArrayList<>(List.of(one));
    for (int rest = max; rest >= BASE; rest /= BASE) {
      powers.add(define(new Repeated(powers.getLast(), BASE, BASE)));
    }
    // below.get(k): 0 to 16^(k+1) - 1.
    List<Expression> below = new ArrayList<>();
    for (Expression power : powers) {
      Expression digits = new Repeated(power, 0, BASE - 1);
      below.add(below.isEmpty() ? digits : define(Expression.sequence(digits, below.getLast())));
    }
    Expression made = Expression.EMPTY;
    int rest = max;
    int scale = 1;
    for (int k = 0; k < powers.size(); k++, scale *= BASE) {
      int digit = rest % BASE;
      rest /= BASE;
      Expression power = powers.get(k);
      if (k == 0) {
        made = digit == 0 ? Expression.EMPTY : new Repeated(power, 0, digit);
      } else if (digit > 0) {
        made =
            define(
                Expression.either(
                    Expression.sequence(new Repeated(power, 0, digit - 1), below.get(k - 1)),
                    Expression.sequence(new Repeated(power, digit, digit), made)));
      }
    }
    return made;
  }

  /** Items with a comma between them, {@code min} to {@code max} of them (-1: without end). */
  Expression list(Expression item, Expression comma, int min, int max) {
    if (max == 0) {
      return Expression.EMPTY;
    }
    Expression first = shared(item);
    Expression more =
        repeated(Expression.sequence(comma, first), Math.max(0, min - 1), max < 0 ? -1 : max - 1);
    Expression some = Expression.sequence(first, more);
    return min == 0 ? Expression.optional(some) : some;
  }

  /**
   * The grammar's text.
   *
   * @param root what the whole output must be
   * @param emptyHanded what to throw if no finite text matches
   */
  String write(Expression root, SchemaRefused emptyHanded) {
    findProductive();
    Expression top = cut(root);
    if (top == null) {
      throw emptyHanded;
    }
    GbnfWriter writer = new GbnfWriter(budget);
    BitSet seen = new BitSet();
    ArrayDeque<Rule> open = new ArrayDeque<>();
    writer.rule("root", top, rule -> meet(rule, seen, open));
    for (Rule rule = open.poll(); rule != null; rule = open.poll()) {
      Expression body = cut(rule.body);
      if (body == null) {
        throw new IllegalStateException("a rule that was cut is still named: " + rule.number);
      }
      writer.rule(GbnfWriter.name(rule), body, next -> meet(next, seen, open));
    }
    return writer.text();
  }

  private static void meet(Rule rule, BitSet seen, ArrayDeque<Rule> open) {
    if (!seen.get(rule.number)) {
      seen.set(rule.number);
      open.add(rule);
    }
  }

  /** The least set of rules that some finite text completes. */
  private void findProductive() {
    List<List<Rule>> users = new ArrayList<>();
    for (int i = 0; i < rules.size(); i++) {
      users.add(new ArrayList<>());
    }
    ArrayDeque<Rule> open = new ArrayDeque<>();
    for (Rule rule : rules) {
      note(rule.body, rule, users);
      open.add(rule);
    }
    for (Rule rule = open.poll(); rule != null; rule = open.poll()) {
      if (!productive.get(rule.number) && isProductive(rule.body)) {
        productive.set(rule.number);
        for (Rule user : users.get(rule.number)) {
          if (!productive.get(user.number)) {
            open.add(user);
          }
        }
      }
    }
  }

  private void note(Expression at, Rule user, List<List<Rule>> users) {
    budget.spend(1);
    switch (at) {
      case Reference reference -> users.get(reference.rule().number).add(user);
      case Sequence sequence -> sequence.items().forEach(item -> note(item, user, users));
      case Alternatives either -> either.items().forEach(item -> note(item, user, users));
      case Repeated repeated -> note(repeated.item(), user, users);
      case Text text -> {}
      case Characters characters -> {}
    }
  }

  private boolean isProductive(Expression at) {
    budget.spend(1);
    return switch (at) {
      case Text text -> true;
      case Characters characters -> !characters.set().isEmpty();
      case Reference reference -> productive.get(reference.rule().number);
      case Sequence sequence -> sequence.items().stream().allMatch(this::isProductive);
      case Alternatives either -> either.items().stream().anyMatch(this::isProductive);
      case Repeated repeated -> repeated.min() == 0 || isProductive(repeated.item());
    };
  }

  /**
   * The rule that is behind a chain of names. A chain that comes back to itself is never completed,
   * so that none is followed here.
   */
  private static Reference meant(Reference reference) {
    Reference at = reference;
    while (at.rule().body instanceof Reference next) {
      at = next;
    }
    return at;
  }

  /** The expression without what can never be completed; null if nothing is left. */
  private @Nullable Expression cut(Expression at) {
    return switch (at) {
      case Text text -> text;
      case Characters characters -> characters.set().isEmpty() ? null : characters;
      case Reference reference -> productive.get(reference.rule().number) ? meant(reference) : null;
      case Sequence sequence -> {
        List<Expression> kept = new ArrayList<>();
        for (Expression item : sequence.items()) {
          Expression left = cut(item);
          if (left == null) {
            yield null;
          }
          kept.add(left);
        }
        yield Expression.sequence(kept);
      }
      case Alternatives either -> {
        List<Expression> kept = new ArrayList<>();
        for (Expression item : either.items()) {
          Expression left = cut(item);
          if (left != null) {
            kept.add(left);
          }
        }
        yield kept.isEmpty() ? null : Expression.either(kept);
      }
      case Repeated repeated -> {
        Expression left = cut(repeated.item());
        yield left != null
            ? new Repeated(left, repeated.min(), repeated.max())
            : repeated.min() == 0 ? Expression.EMPTY : null;
      }
    };
  }
}
