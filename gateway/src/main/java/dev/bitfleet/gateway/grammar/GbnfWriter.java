package dev.bitfleet.gateway.grammar;

import dev.bitfleet.gateway.grammar.Expression.Alternatives;
import dev.bitfleet.gateway.grammar.Expression.Characters;
import dev.bitfleet.gateway.grammar.Expression.Reference;
import dev.bitfleet.gateway.grammar.Expression.Repeated;
import dev.bitfleet.gateway.grammar.Expression.Rule;
import dev.bitfleet.gateway.grammar.Expression.Sequence;
import dev.bitfleet.gateway.grammar.Expression.Text;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;

/**
 * Writes rules in llama.cpp's GBNF, one per line, in ASCII: what is not printable is escaped, so
 * that no reader of grammars has to agree with us about Unicode.
 */
final class GbnfWriter {
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private final StringBuilder out = new StringBuilder();
  private final Budget budget;

  GbnfWriter(Budget budget) {
    this.budget = budget;
  }

  static String name(Rule rule) {
    return "r" + rule.number;
  }

  /** One rule; {@code named} hears of every rule that it refers to. */
  void rule(String name, Expression body, Consumer<Rule> named) {
    out.append(name).append(" ::= ");
    write(body, Place.RULE, named);
    out.append('\n');
    if (out.length() > Grammar.MAX_BYTES) {
      throw budget.tooLong();
    }
  }

  /** A bound below what an expression takes, without what stands between its parts. */
  static int leastLength(Expression at) {
    return switch (at) {
      case Text text -> text.text().length() + 2;
      case Sequence sequence -> {
        int sum = 0;
        for (Expression item : sequence.items()) {
          sum += leastLength(item) + 1;
        }
        yield sum;
      }
      case Reference reference -> 2;
      case Characters characters -> 2;
      case Alternatives either -> 0;
      case Repeated repeated -> 0;
    };
  }

  String text() {
    return out.toString();
  }

  private enum Place {
    RULE,
    ALTERNATIVE,
    SEQUENCE,
    REPEATED
  }

  private void write(Expression at, Place place, Consumer<Rule> named) {
    switch (at) {
      case Text text -> literal(text.text());
      case Characters characters -> characters(characters.set());
      case Reference reference -> {
        out.append(name(reference.rule()));
        named.accept(reference.rule());
      }
      case Sequence sequence -> {
        if (sequence.items().isEmpty()) {
          out.append("\"\"");
        } else {
          group(sequence.items(), " ", Place.SEQUENCE, place == Place.REPEATED, named);
        }
      }
      case Alternatives either -> {
        boolean inner = place == Place.SEQUENCE || place == Place.REPEATED;
        group(either.items(), " | ", Place.ALTERNATIVE, inner, named);
      }
      case Repeated repeated -> {
        boolean wrap = place == Place.REPEATED || repeated.item() instanceof Text;
        out.append(wrap ? "(" : "");
        boolean inner = repeated.item() instanceof Repeated || repeated.item() instanceof Text;
        out.append(inner ? "(" : "");
        write(repeated.item(), inner ? Place.RULE : Place.REPEATED, named);
        out.append(inner ? ")" : "");
        count(repeated.min(), repeated.max());
        out.append(wrap ? ")" : "");
      }
    }
  }

  private void group(
      List<Expression> items, String between, Place place, boolean wrap, Consumer<Rule> named) {
    out.append(wrap ? "(" : "");
    String sign = "";
    for (Expression item : items) {
      out.append(sign);
      write(item, place, named);
      sign = between;
    }
    out.append(wrap ? ")" : "");
  }

  private void count(int min, int max) {
    if (min == 0 && max == 1) {
      out.append('?');
    } else if (min == 0 && max < 0) {
      out.append('*');
    } else if (min == 1 && max < 0) {
      out.append('+');
    } else if (min == max) {
      out.append('{').append(min).append('}');
    } else if (max < 0) {
      out.append('{').append(min).append(",}");
    } else {
      out.append('{').append(min).append(',').append(max).append('}');
    }
  }

  private void literal(String text) {
    out.append('"');
    text.codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                out.append('\\').append((char) c);
              } else {
                plain(c);
              }
            });
    out.append('"');
  }

  private void characters(CodePoints set) {
    out.append('[');
    for (int i = 0; i < set.ranges(); i++) {
      member(set.low(i));
      if (set.high(i) > set.low(i)) {
        if (set.high(i) > set.low(i) + 1) {
          out.append('-');
        }
        member(set.high(i));
      }
    }
    out.append(']');
  }

  private void member(int c) {
    switch (c) {
      case '\\', '[', ']' -> out.append('\\').append((char) c);
      // At the front of a class it would turn the class around, and there is no escape for it.
      case '^' -> out.append("\\x5E");
      // Between two it would make a range of them.
      case '-' -> out.append("\\x2D");
      default -> plain(c);
    }
  }

  private void plain(int c) {
    switch (c) {
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      default -> {
        if (c >= 0x20 && c < 0x7F) {
          out.append((char) c);
        } else {
          out.append(c <= 0xFF ? "\\x" : c <= 0xFFFF ? "\\u" : "\\U");
          out.append(HEX.toHexDigits(c, c <= 0xFF ? 2 : c <= 0xFFFF ? 4 : 8));
        }
      }
    }
  }
}
