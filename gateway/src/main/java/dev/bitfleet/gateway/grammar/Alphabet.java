package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Unicode cut into classes of characters that some automaton never tells apart. Automata work on
 * classes, so that a state has a handful of ways out, not a million.
 */
final class Alphabet {
  /** Ascending; the interval {@code i} ends before {@code starts[i + 1]}. */
  private final int[] starts;

  /** The class of each interval. */
  private final int[] classes;

  private final int size;

  private Alphabet(int[] starts, int[] classes, int size) {
    this.starts = starts;
    this.classes = classes;
    this.size = size;
  }

  /** The coarsest alphabet in which each set is a union of classes. */
  static Alphabet of(Collection<CodePoints> sets, Budget budget) {
    List<CodePoints> distinct = List.copyOf(new java.util.LinkedHashSet<>(sets));
    int bounds = 2;
    for (CodePoints set : distinct) {
      bounds += 2 * set.ranges();
    }
    int[] cuts = new int[bounds];
    int n = 0;
    cuts[n++] = 0;
    for (CodePoints set : distinct) {
      for (int i = 0; i < set.ranges(); i++) {
        cuts[n++] = set.low(i);
        cuts[n++] = set.high(i) + 1;
      }
    }
    int[] starts = Arrays.stream(cuts, 0, n).sorted().distinct().toArray();
    budget.spend(starts.length * (1 + distinct.size() / 8));
    BitSet[] members = new BitSet[starts.length];
    for (int i = 0; i < starts.length; i++) {
      members[i] = new BitSet(distinct.size());
    }
    for (int s = 0; s < distinct.size(); s++) {
      CodePoints set = distinct.get(s);
      for (int r = 0; r < set.ranges(); r++) {
        int i = Arrays.binarySearch(starts, set.low(r));
        for (; i < starts.length && starts[i] <= set.high(r); i++) {
          budget.spend(1);
          members[i].set(s);
        }
      }
    }
    Map<BitSet, Integer> known = new HashMap<>();
    int[] classes = new int[starts.length];
    for (int i = 0; i < starts.length; i++) {
      Integer next = known.size();
      Integer old = known.putIfAbsent(members[i], next);
      classes[i] = old == null ? next : old;
    }
    return new Alphabet(starts, classes, known.size());
  }

  int size() {
    return size;
  }

  /** How many ranges it cuts Unicode into: what {@link #members} looks through. */
  int intervals() {
    return starts.length;
  }

  int classOf(int codePoint) {
    int at = Arrays.binarySearch(starts, codePoint);
    return classes[at >= 0 ? at : -at - 2];
  }

  /** Some character of the class. */
  int example(int cls) {
    for (int i = 0; i < starts.length; i++) {
      if (classes[i] == cls) {
        return starts[i];
      }
    }
    throw new IllegalArgumentException("no class " + cls);
  }

  /** The characters of the classes. */
  CodePoints members(BitSet wanted) {
    List<Integer> ranges = new ArrayList<>();
    for (int i = 0; i < starts.length; i++) {
      if (wanted.get(classes[i])) {
        ranges.add(starts[i]);
        ranges.add(i + 1 < starts.length ? starts[i + 1] - 1 : Character.MAX_CODE_POINT);
      }
    }
    return CodePoints.of(ranges.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Two alphabets laid over each other. */
  record Both(Alphabet alphabet, int[] left, int[] right) {}

  static Both both(Alphabet a, Alphabet b) {
    int[] starts =
        java.util.stream.IntStream.concat(Arrays.stream(a.starts), Arrays.stream(b.starts))
            .sorted()
            .distinct()
            .toArray();
    Map<Long, Integer> known = new HashMap<>();
    int[] classes = new int[starts.length];
    int[] left = new int[a.size * b.size];
    int[] right = new int[a.size * b.size];
    int size = 0;
    for (int i = 0; i < starts.length; i++) {
      int x = a.classOf(starts[i]);
      int y = b.classOf(starts[i]);
      Integer cls = known.get(((long) x << 32) | y);
      if (cls == null) {
        cls = size;
        known.put(((long) x << 32) | y, cls);
        left[size] = x;
        right[size] = y;
        size++;
      }
      classes[i] = cls;
    }
    return new Both(
        new Alphabet(starts, classes, size), Arrays.copyOf(left, size), Arrays.copyOf(right, size));
  }
}
