package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression as a nondeterministic automaton that searches: a text is accepted if the
 * expression matches some part of it, as JSON Schema's {@code pattern} asks.
 *
 * <p>Source: K. Thompson, "Regular expression search algorithm", 1968; the subset construction of
 * M. Rabin and D. Scott, 1959.
 */
final class Nfa {
  private static final int MAX_STATES = 40_000;

  private enum Kind {
    ONE,
    FORK,
    BEGIN,
    END,
    MATCH
  }

  private final Budget budget;
  private final List<Kind> kinds = new ArrayList<>();
  private final List<CodePoints> sets = new ArrayList<>();
  private int[] out = new int[64];
  private int[] other = new int[64];
  private final int start;
  private final int match;
  private final int[] seen;
  private final int[] stack;
  private int stamp;

  private Nfa(Regex regex, Budget budget) {
    this.budget = budget;
    match = state(Kind.MATCH, CodePoints.NONE, -1, -1);
    int inner = build(regex, match);
    // The search may begin anywhere: a loop over all characters before it.
    int loop = state(Kind.ONE, CodePoints.ALL, -1, -1);
    start = state(Kind.FORK, CodePoints.NONE, inner, loop);
    out[loop] = start;
    seen = new int[kinds.size()];
    stack = new int[3 * kinds.size() + 4];
  }

  static Nfa of(Regex regex, Budget budget) {
    return new Nfa(regex, budget);
  }

  private int state(Kind kind, CodePoints set, int next, int second) {
    int s = kinds.size();
    budget.spend(1);
    if (s >= MAX_STATES) {
      throw budget.tooLarge("a pattern unrolls to more than " + MAX_STATES + " states");
    }
    kinds.add(kind);
    sets.add(set);
    if (s == out.length) {
      out = Arrays.copyOf(out, s * 2);
      other = Arrays.copyOf(other, s * 2);
    }
    out[s] = next;
    other[s] = second;
    return s;
  }

  /** States that match the expression and go on at {@code next}; returns the first. */
  private int build(Regex regex, int next) {
    budget.spend(1);
    return switch (regex) {
      case Regex.One one -> state(Kind.ONE, one.set(), next, -1);
      case Regex.Begin begin -> state(Kind.BEGIN, CodePoints.NONE, next, -1);
      case Regex.End end -> state(Kind.END, CodePoints.NONE, next, -1);
      case Regex.Sequence sequence -> {
        int at = next;
        for (int i = sequence.items().size() - 1; i >= 0; i--) {
          at = build(sequence.items().get(i), at);
        }
        yield at;
      }
      case Regex.Either either -> {
        int at = build(either.items().getLast(), next);
        for (int i = either.items().size() - 2; i >= 0; i--) {
          at = state(Kind.FORK, CodePoints.NONE, build(either.items().get(i), next), at);
        }
        yield at;
      }
      case Regex.Repeated repeated -> {
        int at = next;
        if (repeated.max() < 0) {
          int fork = state(Kind.FORK, CodePoints.NONE, next, next);
          out[fork] = build(repeated.item(), fork);
          at = fork;
        }
        for (int i = repeated.min(); i < repeated.max(); i++) {
          // The last copy first: each may be followed by the ones already built, or left out.
          at = state(Kind.FORK, CodePoints.NONE, build(repeated.item(), at), next);
        }
        for (int i = 0; i < repeated.min(); i++) {
          at = build(repeated.item(), at);
        }
        yield at;
      }
    };
  }

  /**
   * States in which more can be read or that accept, ascending. The initial one is a set of its
   * own: only there the text begins.
   */
  private record Subset(int[] states, boolean initial) {
    @Override
    public boolean equals(Object o) {
      return o instanceof Subset that
          && initial == that.initial
          && Arrays.equals(states, that.states);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(states) * 2 + (initial ? 1 : 0);
    }
  }

  /**
   * The same as a deterministic automaton.
   *
   * @return null if it has more states than that
   */
  @Nullable Automaton deterministic(int maxStates) {
    Set<CodePoints> distinct = new java.util.LinkedHashSet<>(sets);
    distinct.add(CodePoints.ALL);
    Alphabet alphabet = Alphabet.of(distinct, budget);
    java.util.Map<CodePoints, BitSet> classes = new java.util.HashMap<>();
    int[] examples = new int[alphabet.size()];
    for (int c = 0; c < examples.length; c++) {
      examples[c] = alphabet.example(c);
    }
    for (CodePoints set : distinct) {
      BitSet held = new BitSet();
      for (int c = 0; c < examples.length; c++) {
        held.set(c, set.contains(examples[c]));
      }
      classes.put(set, held);
      budget.spend(examples.length);
    }
    BitSet[] held = new BitSet[kinds.size()];
    for (int s = 0; s < held.length; s++) {
      held[s] = classes.get(sets.get(s));
    }
    return Automaton.explore(
        alphabet,
        closure(new int[] {start}, 1, true),
        (subset, cls) -> step(subset, held, cls),
        this::accepts,
        maxStates,
        budget);
  }

  private @Nullable Subset step(Subset subset, BitSet[] held, int cls) {
    int[] from = subset.states();
    if (from.length > 0 && from[0] == match) {
      // Found: whatever follows.
      return held[loopState()].get(cls) ? MATCHED : null;
    }
    int[] next = new int[from.length];
    int count = 0;
    budget.spend(1 + from.length / 2);
    for (int s : from) {
      if (kinds.get(s) == Kind.ONE && held[s].get(cls)) {
        next[count++] = out[s];
      }
    }
    return count == 0 ? null : closure(next, count, false);
  }

  /** The one state whose set is every character. */
  private int loopState() {
    return other[start];
  }

  private static final Subset MATCHED = new Subset(new int[] {0}, false);

  private Subset closure(int[] seeds, int count, boolean atBegin) {
    int[] found = walk(seeds, count, atBegin, false);
    // The match is state 0, so it stands first.
    return found.length > 0 && found[0] == match ? MATCHED : new Subset(found, atBegin);
  }

  private int[] walk(int[] seeds, int count, boolean atBegin, boolean atEnd) {
    stamp++;
    int top = 0;
    for (int i = 0; i < count; i++) {
      stack[top++] = seeds[i];
    }
    int[] found = new int[16];
    int size = 0;
    while (top > 0) {
      int s = stack[--top];
      if (seen[s] == stamp) {
        continue;
      }
      seen[s] = stamp;
      budget.spend(1);
      boolean on =
          switch (kinds.get(s)) {
            case FORK -> {
              stack[top++] = other[s];
              yield true;
            }
            case BEGIN -> atBegin;
            case END -> {
              if (!atEnd) {
                size = add(found = grown(found, size), size, s);
              }
              yield atEnd;
            }
            case ONE, MATCH -> {
              size = add(found = grown(found, size), size, s);
              yield false;
            }
          };
      if (on) {
        stack[top++] = out[s];
      }
    }
    int[] states = Arrays.copyOf(found, size);
    Arrays.sort(states);
    return states;
  }

  private static int[] grown(int[] array, int size) {
    return size == array.length ? Arrays.copyOf(array, size * 2) : array;
  }

  private static int add(int[] array, int size, int value) {
    array[size] = value;
    return size + 1;
  }

  private boolean accepts(Subset subset) {
    if (subset.states().length > 0 && subset.states()[0] == match) {
      return true;
    }
    int[] ends = Arrays.stream(subset.states()).filter(s -> kinds.get(s) == Kind.END).toArray();
    if (ends.length == 0) {
      return false;
    }
    int[] found = walk(ends, ends.length, subset.initial(), true);
    return found.length > 0 && found[0] == match;
  }

  /** Whether the expression matches some part of the text; costs its length times the states. */
  boolean matches(String text) {
    Subset at = closure(new int[] {start}, 1, true);
    for (int i = 0; i < text.length(); ) {
      if (at.states().length > 0 && at.states()[0] == match) {
        return true;
      }
      int c = text.codePointAt(i);
      int[] next = new int[at.states().length];
      int count = 0;
      for (int s : at.states()) {
        if (kinds.get(s) == Kind.ONE && sets.get(s).contains(c)) {
          next[count++] = out[s];
        }
      }
      at = closure(next, count, false);
      i += Character.charCount(c);
    }
    return accepts(at);
  }
}
