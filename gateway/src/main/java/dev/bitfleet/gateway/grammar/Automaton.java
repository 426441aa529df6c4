package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A deterministic finite automaton over characters, minimal and without states that lead nowhere.
 * State 0 is the start. Immutable.
 */
final class Automaton {
  /** More would not fit a grammar. */
  static final int MAX_STATES = 6_000;

  static final int NOWHERE = -1;

  private final Alphabet alphabet;

  /** {@code [states, classes]} row-major: the next state, or {@link #NOWHERE}. */
  private final int[] next;

  private final BitSet accepting;
  private final int states;

  private Automaton(Alphabet alphabet, int[] next, BitSet accepting, int states) {
    this.alphabet = alphabet;
    this.next = next;
    this.accepting = accepting;
    this.states = states;
  }

  /** Where a state leads on a class; null: nowhere. */
  @FunctionalInterface
  interface Step<S> {
    @Nullable S from(S state, int cls);
  }

  /**
   * All that can be reached from a state that is described by a value.
   *
   * @return null if there are more than {@code maxStates}
   */
  static <S> @Nullable Automaton explore(
      Alphabet alphabet,
      S start,
      Step<S> step,
      Predicate<S> accepts,
      int maxStates,
      Budget budget) {
    int k = alphabet.size();
    Map<S, Integer> known = new HashMap<>();
    List<S> found = new ArrayList<>();
    known.put(start, 0);
    found.add(start);
    int[] next = new int[16 * k];
    for (int s = 0; s < found.size(); s++) {
      if ((s + 1) * k > next.length) {
        next = Arrays.copyOf(next, next.length * 2);
      }
      budget.spend(2 * k);
      for (int c = 0; c < k; c++) {
        S to = step.from(found.get(s), c);
        int target = NOWHERE;
        if (to != null) {
          Integer old = known.putIfAbsent(to, found.size());
          if (old == null) {
            target = found.size();
            found.add(to);
            if (found.size() > maxStates) {
              return null;
            }
          } else {
            target = old;
          }
        }
        next[s * k + c] = target;
      }
    }
    BitSet accepting = new BitSet();
    for (int s = 0; s < found.size(); s++) {
      accepting.set(s, accepts.test(found.get(s)));
    }
    return Minimal.of(
        new Automaton(alphabet, Arrays.copyOf(next, found.size() * k), accepting, found.size()),
        budget);
  }

  static Automaton of(Alphabet alphabet, int[] next, BitSet accepting, int states) {
    return new Automaton(alphabet, next, accepting, states);
  }

  private static Automaton needed(@Nullable Automaton made, Budget budget) {
    if (made == null) {
      throw budget.tooLarge("its strings and numbers need more than " + MAX_STATES + " states");
    }
    return made;
  }

  /** Like {@link #explore}, and too many states are refused. */
  static <S> Automaton build(
      Alphabet alphabet, S start, Step<S> step, Predicate<S> accepts, Budget budget) {
    return needed(explore(alphabet, start, step, accepts, MAX_STATES, budget), budget);
  }

  /** Every text of {@code min} to {@code max} characters (-1: without end). */
  static Automaton length(int min, int max, Budget budget) {
    int last = max < 0 ? min : max;
    return build(
        Alphabet.of(List.of(CodePoints.ALL), budget),
        0,
        (length, cls) ->
            cls == 0 || last == 0 && max < 0
                ? (length < last ? (Integer) (length + 1) : max < 0 ? length : null)
                : null,
        length -> length >= min,
        budget);
  }

  /** Exactly these texts. */
  static Automaton texts(Iterable<String> texts, Budget budget) {
    List<int[]> all = new ArrayList<>();
    java.util.Set<CodePoints> letters = new java.util.LinkedHashSet<>();
    for (String text : texts) {
      int[] points = text.codePoints().toArray();
      budget.spend(6 * points.length + 1);
      all.add(points);
      for (int c : points) {
        letters.add(CodePoints.of(c, c));
      }
    }
    Alphabet alphabet = Alphabet.of(letters, budget);
    List<Map<Integer, Integer>> trie = new ArrayList<>(List.of(new HashMap<>()));
    BitSet ends = new BitSet();
    for (int[] points : all) {
      int at = 0;
      for (int c : points) {
        int cls = alphabet.classOf(c);
        Integer to = trie.get(at).get(cls);
        if (to == null) {
          to = trie.size();
          if (to > 4 * MAX_STATES) {
            throw budget.tooLarge("its names or values are too many");
          }
          trie.get(at).put(cls, to);
          trie.add(new HashMap<>());
        }
        at = to;
      }
      ends.set(at);
    }
    return build(alphabet, 0, (s, cls) -> trie.get(s).get(cls), ends::get, budget);
  }

  /** What both accept. */
  Automaton and(Automaton other, Budget budget) {
    return product(other, false, budget);
  }

  /** What this accepts and the other does not. */
  Automaton less(Automaton other, Budget budget) {
    return product(other, true, budget);
  }

  private Automaton product(Automaton other, boolean negated, Budget budget) {
    Alphabet.Both both = Alphabet.both(alphabet, other.alphabet);
    return build(
        both.alphabet(),
        ((long) 0 << 32) | 1,
        (pair, cls) -> {
          int a = to((int) (pair >>> 32), both.left()[cls]);
          int b = (int) (long) pair - 1;
          b = b == NOWHERE ? NOWHERE : other.to(b, both.right()[cls]);
          // The other's state is kept one up, so that nowhere is zero.
          return a == NOWHERE || b == NOWHERE && !negated ? null : ((long) a << 32) | (b + 1);
        },
        pair -> {
          int b = (int) (long) pair - 1;
          boolean there = b != NOWHERE && other.accepting.get(b);
          return accepting.get((int) (pair >>> 32)) && there != negated;
        },
        budget);
  }

  Alphabet alphabet() {
    return alphabet;
  }

  int states() {
    return states;
  }

  int to(int state, int cls) {
    return next[state * alphabet.size() + cls];
  }

  boolean accepts(int state) {
    return accepting.get(state);
  }

  /** Whether no text at all is accepted. */
  boolean isEmpty() {
    return accepting.isEmpty();
  }

  boolean matches(String text) {
    int state = 0;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      state = to(state, alphabet.classOf(c));
      if (state == NOWHERE) {
        return false;
      }
      i += Character.charCount(c);
    }
    return accepting.get(state);
  }

  /** Where a state leads: each target with the characters that lead there. */
  Map<Integer, CodePoints> edges(int state) {
    Map<Integer, BitSet> classes = new java.util.LinkedHashMap<>();
    for (int c = 0; c < alphabet.size(); c++) {
      int to = to(state, c);
      if (to != NOWHERE) {
        classes.computeIfAbsent(to, key -> new BitSet()).set(c);
      }
    }
    Map<Integer, CodePoints> edges = new java.util.LinkedHashMap<>();
    classes.forEach((to, set) -> edges.put(to, alphabet.members(set)));
    return edges;
  }
}
