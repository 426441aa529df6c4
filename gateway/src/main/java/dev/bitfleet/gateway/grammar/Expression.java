package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.List;

/** The right side of a rule. Immutable but for the bodies of the rules it refers to. */
sealed interface Expression {
  /** Nothing matches. */
  Expression NEVER = new Alternatives(List.of());

  /** The empty text. */
  Expression EMPTY = new Sequence(List.of());

  /** Exactly this text. */
  record Text(String text) implements Expression {}

  /** One character of the set. */
  record Characters(CodePoints set) implements Expression {}

  /** What the rule says. */
  record Reference(Rule rule) implements Expression {}

  /** One after the other. */
  record Sequence(List<Expression> items) implements Expression {}

  /** Any one of them. */
  record Alternatives(List<Expression> items) implements Expression {}

  /**
   * The item again and again.
   *
   * @param max -1: no end
   */
  record Repeated(Expression item, int min, int max) implements Expression {}

  /** A named right side; {@link Rules} writes it. Its identity is its equality. */
  final class Rule {
    final int number;
    Expression body = NEVER;

    Rule(int number) {
      this.number = number;
    }
  }

  /** One after the other, flattened. */
  static Expression sequence(Expression... items) {
    return sequence(List.of(items));
  }

  /** One after the other, flattened, neighbouring texts joined. */
  static Expression sequence(List<Expression> items) {
    List<Expression> flat = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (Expression item : items) {
      for (Expression part : item instanceof Sequence inner ? inner.items() : List.of(item)) {
        if (part instanceof Text piece) {
          text.append(piece.text());
          continue;
        }
        flush(text, flat);
        flat.add(part);
      }
    }
    flush(text, flat);
    return flat.size() == 1 ? flat.getFirst() : new Sequence(List.copyOf(flat));
  }

  private static void flush(StringBuilder text, List<Expression> flat) {
    if (!text.isEmpty()) {
      flat.add(new Text(text.toString()));
      text.setLength(0);
    }
  }

  /** Any one of them, flattened. */
  static Expression either(Expression... items) {
    return either(List.of(items));
  }

  /** Any one of them, flattened. */
  static Expression either(List<Expression> items) {
    List<Expression> flat = new ArrayList<>();
    for (Expression item : items) {
      if (item instanceof Alternatives inner) {
        flat.addAll(inner.items());
      } else {
        flat.add(item);
      }
    }
    return flat.size() == 1 ? flat.getFirst() : new Alternatives(List.copyOf(flat));
  }

  /** The item or nothing. */
  static Expression optional(Expression item) {
    return new Repeated(item, 0, 1);
  }
}
