package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.TOO_LARGE;
import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSUPPORTED;

import dev.bitfleet.gateway.grammar.Expression.Repeated;
import dev.bitfleet.gateway.grammar.Expression.Text;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Arrays: places with a schema of their own, then items, of a counted number.
 *
 * <p>{@code uniqueItems} is kept where the items are of few values: up to {@value #ANY_ORDER} in
 * any order, more in the order in which the schema names them. Where a schema gives places and
 * speaks of no further items, none are written.
 */
final class ArrayRules {
  static final int ANY_ORDER = 6;

  private static final int MAX_MIN = 100_000;
  private static final int MAX_PLACES = 1_000;
  private static final int MAX_CONTAINS_CELLS = 2_000;

  private final Translator translator;
  private final JsonRules json;
  private final Rules rules;
  private final Conjunction c;
  private final int min;
  private final int max;
  private final int places;

  ArrayRules(Translator translator, Conjunction c) {
    this.translator = translator;
    this.json = translator.json();
    this.rules = translator.rules();
    this.c = c;
    int least = 0;
    int most = -1;
    int given = 0;
    boolean spoken = false;
    for (Schema member : c.members()) {
      least = Math.max(least, member.minItems);
      if (member.maxItems >= 0) {
        most = most < 0 ? member.maxItems : Math.min(most, member.maxItems);
      }
      given = Math.max(given, member.prefixItems.size());
      spoken |= member.items != null;
      if (member.minItems > MAX_MIN) {
        throw member.refuse(TOO_LARGE, "'minItems' is larger than " + MAX_MIN);
      }
    }
    if (given > MAX_PLACES) {
      throw place().refuse(TOO_LARGE, "there are more than " + MAX_PLACES + " 'prefixItems'");
    }
    if (given > 0 && !spoken && least <= given) {
      most = most < 0 ? given : Math.min(most, given);
    }
    min = least;
    max = most;
    places = given;
  }

  private Schema place() {
    return c.members().getFirst();
  }

  Expression expression() {
    return max >= 0 && max < min
        ? Expression.NEVER
        : Expression.sequence(new Text("["), inner(), new Text("]"));
  }

  private Expression inner() {
    Schema unique = null;
    Schema contains = null;
    for (Schema member : c.members()) {
      unique = member.uniqueItems ? member : unique;
      if (member.contains != null && member.minContains > 0) {
        if (contains != null) {
          throw member.refuse(UNSUPPORTED, "more than one 'contains' at once is not supported");
        }
        contains = member;
      }
    }
    boolean repeats = unique != null && (max < 0 || max > 1);
    if (contains != null && (repeats || places > 0)) {
      throw contains.refuse(
          UNSUPPORTED, "'contains' beside 'uniqueItems' or 'prefixItems' is not supported");
    }
    if (contains != null && contains.contains != null) {
      return containing(contains.contains, contains.minContains, contains);
    }
    if (repeats && unique != null) {
      return unique(unique);
    }
    return places == 0 ? rules.list(item(0), json.comma(), min, max) : placed();
  }

  private Expression item(int at) {
    return translator.of(itemSchemas(at));
  }

  private List<Schema> itemSchemas(int at) {
    List<Schema> item = new ArrayList<>();
    for (Schema member : c.members()) {
      Schema one = at < member.prefixItems.size() ? member.prefixItems.get(at) : member.items;
      if (one != null) {
        item.add(one);
      }
    }
    return item;
  }

  /** From the last place to the first: what follows it, if anything. */
  private Expression placed() {
    int given = max < 0 ? places : Math.min(places, max);
    Expression after = Expression.EMPTY;
    if (max < 0 || max > places) {
      Expression more = Expression.sequence(json.comma(), rules.shared(item(places)));
      int least = Math.max(0, min - places);
      after =
          max < 0 && least == 0
              ? new Repeated(more, 0, -1)
              : rules.repeated(more, least, max < 0 ? -1 : max - places);
    }
    for (int i = given - 1; i >= 0; i--) {
      Expression here =
          i == 0
              ? Expression.sequence(item(0), after)
              : Expression.sequence(json.comma(), item(i), after);
      after = i >= min ? Expression.optional(here) : here;
      if (i % 16 == 0) {
        after = rules.shared(after);
      }
    }
    return after;
  }

  private Expression unique(Schema where) {
    @Nullable List<JsonNode> values =
        places > 0
            ? null
            : translator.literals().finite(Conjunction.of(itemSchemas(0), translator.budget()));
    if (values == null) {
      throw where.refuse(
          UNSUPPORTED,
          "'uniqueItems' is supported only where the items are of a list of values ('enum')");
    }
    if (values.size() < min) {
      return Expression.NEVER;
    }
    int most = max < 0 ? values.size() : Math.min(max, values.size());
    List<Expression> written = values.stream().map(json::literal).map(rules::shared).toList();
    if (values.size() <= ANY_ORDER) {
      return anyOrder(written, most);
    }
    List<Members.Member> members =
        written.stream().map(one -> new Members.Member(one, false)).toList();
    return new Members(
            rules,
            json.comma(),
            members,
            min,
            most,
            count -> count >= min ? Expression.EMPTY : Expression.NEVER)
        .expression(translator.budget());
  }

  /** A rule per set of values written. */
  private Expression anyOrder(List<Expression> values, int most) {
    int sets = 1 << values.size();
    Expression[] after = new Expression[sets];
    for (int set = sets - 1; set >= 0; set--) {
      int count = Integer.bitCount(set);
      List<Expression> ways = new ArrayList<>();
      for (int v = 0; v < values.size() && count < most; v++) {
        if ((set >> v & 1) == 0) {
          Expression value = values.get(v);
          Expression rest = after[set | 1 << v];
          ways.add(
              count == 0
                  ? Expression.sequence(value, rest)
                  : Expression.sequence(json.comma(), value, rest));
        }
      }
      if (count >= min) {
        ways.add(Expression.EMPTY);
      }
      Expression made = Expression.either(ways);
      after[set] =
          made.equals(Expression.EMPTY) || made.equals(Expression.NEVER)
              ? made
              : rules.define(made);
    }
    return after[0];
  }

  /**
   * At least so many items of the wanted kind. An item that happens to be of that kind without
   * being counted does no harm.
   */
  private Expression containing(Schema wanted, int least, Schema where) {
    List<Schema> plain = itemSchemas(0);
    List<Schema> both = new ArrayList<>(plain);
    both.add(wanted);
    Expression any = rules.shared(translator.of(plain));
    Expression counted = rules.shared(translator.of(both));
    int width = max < 0 ? Math.max(min, 1) : max;
    if ((long) (width + 1) * (least + 1) > MAX_CONTAINS_CELLS) {
      throw where.refuse(TOO_LARGE, "'contains' beside this many items is not supported");
    }
    // [items so far, counted so far]
    Expression.Rule[][] cells = new Expression.Rule[width + 1][least + 1];
    for (Expression.Rule[] row : cells) {
      for (int k = 0; k <= least; k++) {
        row[k] = rules.rule();
      }
    }
    for (int n = 0; n <= width; n++) {
      for (int k = 0; k <= least; k++) {
        List<Expression> ways = new ArrayList<>();
        if (n >= min && k >= least) {
          ways.add(Expression.EMPTY);
        }
        if (max < 0 || n < max) {
          int next = max < 0 ? Math.min(n + 1, width) : n + 1;
          Expression comma = n == 0 ? Expression.EMPTY : json.comma();
          ways.add(Expression.sequence(comma, any, new Expression.Reference(cells[next][k])));
          if (k < least) {
            ways.add(
                Expression.sequence(comma, counted, new Expression.Reference(cells[next][k + 1])));
          }
        }
        cells[n][k].body = Expression.either(ways);
      }
    }
    return new Expression.Reference(cells[0][0]);
  }
}
