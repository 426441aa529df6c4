package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Things in a given order, each of which may or must be there, with commas between those that are
 * there, and a tail: the properties of an object, the chosen values of a set. Its rules are as many
 * as the members times the counts that matter, however many may be left out.
 */
final class Members {
  /** A member and whether it may be left out. */
  record Member(Expression written, boolean required) {}

  /** So many in a row make one rule at most, so that writing them costs linear time. */
  private static final int RUN = 32;

  private static final int MAX_CELLS = 60_000;

  private final Rules rules;
  private final Expression comma;
  private final List<Member> members;
  private final int max;
  private final IntFunction<Expression> tail;
  private final int cap;

  /**
   * @param min how many must be there, counted with the tail
   * @param max how many may; -1: no limit
   * @param tail what follows if so many of the members are there; the count is exact up to {@code
   *     min} or {@code max}, whichever matters, and at least tells none from some
   */
  Members(
      Rules rules,
      Expression comma,
      List<Member> members,
      int min,
      int max,
      IntFunction<Expression> tail) {
    this.rules = rules;
    this.comma = comma;
    this.members = members;
    this.tail = tail;
    int required = (int) members.stream().filter(Member::required).count();
    boolean minMatters = min > required;
    boolean maxMatters = max >= 0;
    this.max = max;
    this.cap = Math.max(1, maxMatters ? Math.min(max, members.size()) : minMatters ? min : 1);
  }

  private int next(int count) {
    return max >= 0 ? count + 1 : Math.min(count + 1, cap);
  }

  Expression expression(Budget budget) {
    int n = members.size();
    int width = cap + 2;
    if ((long) (n + 1) * width > MAX_CELLS) {
      throw budget.tooLarge("counting this many properties or items takes too many rules");
    }
    budget.spend(n * width / 4);
    // How often each state is entered: [members + 1, counts].
    int[][] entered = new int[n + 1][width];
    entered[0][0] = 1;
    for (int i = 0; i < n; i++) {
      for (int c = 0; c < width; c++) {
        if (entered[i][c] > 0) {
          int to = next(c);
          if (max < 0 || to <= max) {
            entered[i + 1][to]++;
          }
          if (!members.get(i).required()) {
            entered[i + 1][c]++;
          }
        }
      }
    }
    spendBytes(entered, budget);
    Expression[] after = new Expression[width];
    for (int c = 0; c < width; c++) {
      after[c] = entered[n][c] == 0 ? Expression.NEVER : named(tail.apply(c), entered[n][c], n);
    }
    for (int i = n - 1; i >= 0; i--) {
      Expression[] here = new Expression[width];
      for (int c = 0; c < width; c++) {
        here[c] =
            entered[i][c] == 0 ? Expression.NEVER : named(from(i, c, after), entered[i][c], i);
      }
      after = here;
    }
    return after[0];
  }

  /** What will be too long to write is refused before it is made. */
  private void spendBytes(int[][] entered, Budget budget) {
    for (int i = 0; i < members.size(); i++) {
      int least = GbnfWriter.leastLength(members.get(i).written());
      for (int uses : entered[i]) {
        if (uses > 0) {
          budget.bytes(least);
        }
      }
    }
  }

  private Expression from(int i, int count, Expression[] after) {
    Member member = members.get(i);
    List<Expression> ways = new ArrayList<>();
    int to = next(count);
    if (max < 0 || to <= max) {
      ways.add(
          count == 0
              ? Expression.sequence(member.written(), after[to])
              : Expression.sequence(comma, member.written(), after[to]));
    }
    if (!member.required()) {
      ways.add(after[count]);
    }
    return Expression.either(ways);
  }

  private Expression named(Expression made, int uses, int i) {
    boolean tiny = made.equals(Expression.EMPTY) || made.equals(Expression.NEVER);
    return tiny || uses <= 1 && i % RUN != 0 ? made : rules.shared(made);
  }
}
