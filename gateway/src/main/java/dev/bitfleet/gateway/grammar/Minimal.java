package dev.bitfleet.gateway.grammar;

import java.util.ArrayDeque;
import java.util.BitSet;

/**
 * Hopcroft's minimisation: states that accept the same texts become one, those that accept none go.
 *
 * <p>Source: J. Hopcroft, "An n log n algorithm for minimizing states in a finite automaton", 1971,
 * with the partition kept in one array as in A. Valmari, "Fast brief practical DFA minimization",
 * 2012.
 */
final class Minimal {
  private final int n;
  private final int[] elements; // states, block by block
  private final int[] place; // place[s]: where state s stands in elements
  private final int[] blockOf;
  private final int[] first;
  private final int[] past;
  private final int[] marked; // how many of a block are marked; they stand at its front
  private int blocks = 1;

  private Minimal(int n) {
    this.n = n;
    elements = new int[n];
    place = new int[n];
    blockOf = new int[n];
    first = new int[n];
    past = new int[n];
    marked = new int[n];
    for (int s = 0; s < n; s++) {
      elements[s] = s;
      place[s] = s;
    }
    past[0] = n;
  }

  static Automaton of(Automaton given, Budget budget) {
    int k = given.alphabet().size();
    // One more state: nowhere.
    int n = given.states() + 1;
    int dead = n - 1;
    int[] next = new int[n * k];
    int[] counts = new int[n * k + 1];
    for (int s = 0; s < n; s++) {
      for (int c = 0; c < k; c++) {
        int to = s == dead ? dead : given.to(s, c);
        to = to == Automaton.NOWHERE ? dead : to;
        next[s * k + c] = to;
        counts[to * k + c + 1]++;
      }
    }
    for (int i = 0; i < n * k; i++) {
      counts[i + 1] += counts[i];
    }
    int[] fill = counts.clone();
    int[] before = new int[n * k];
    for (int s = 0; s < n; s++) {
      for (int c = 0; c < k; c++) {
        before[fill[next[s * k + c] * k + c]++] = s;
      }
    }
    budget.spend(n * k / 4);

    Minimal partition = new Minimal(n);
    for (int s = 0; s < given.states(); s++) {
      if (given.accepts(s)) {
        partition.mark(s);
      }
    }
    ArrayDeque<int[]> open = new ArrayDeque<>();
    BitSet waiting = new BitSet();
    int made = partition.split(0);
    for (int block = 0; block < (made < 0 ? 1 : 2); block++) {
      for (int c = 0; c < k; c++) {
        open.add(new int[] {block, c});
        waiting.set(block * k + c);
      }
    }
    int[] touched = new int[n];
    while (!open.isEmpty()) {
      int[] splitter = open.poll();
      int block = splitter[0];
      int c = splitter[1];
      waiting.clear(block * k + c);
      int size = partition.past[block] - partition.first[block];
      int[] members =
          java.util.Arrays.copyOfRange(
              partition.elements, partition.first[block], partition.past[block]);
      budget.spend(1 + size / 4);
      int count = 0;
      for (int to : members) {
        for (int i = counts[to * k + c]; i < counts[to * k + c + 1]; i++) {
          int from = before[i];
          int home = partition.blockOf[from];
          if (partition.marked[home] == 0) {
            touched[count++] = home;
          }
          partition.mark(from);
        }
      }
      for (int t = 0; t < count; t++) {
        int old = touched[t];
        int fresh = partition.split(old);
        if (fresh < 0) {
          continue;
        }
        for (int d = 0; d < k; d++) {
          boolean oldIsSmaller =
              partition.past[old] - partition.first[old]
                  <= partition.past[fresh] - partition.first[fresh];
          int add = waiting.get(old * k + d) || !oldIsSmaller ? fresh : old;
          if (!waiting.get(add * k + d)) {
            waiting.set(add * k + d);
            open.add(new int[] {add, d});
          }
        }
      }
    }
    return partition.quotient(given, next, k, dead);
  }

  private void mark(int s) {
    int block = blockOf[s];
    int at = place[s];
    int front = first[block] + marked[block];
    if (at < front) {
      return;
    }
    int other = elements[front];
    elements[front] = s;
    place[s] = front;
    elements[at] = other;
    place[other] = at;
    marked[block]++;
  }

  /** Parts the marked from the rest. Returns the new block, or -1 if nothing was parted. */
  private int split(int block) {
    int count = marked[block];
    marked[block] = 0;
    int size = past[block] - first[block];
    if (count == 0 || count == size) {
      return -1;
    }
    int fresh = blocks++;
    first[fresh] = first[block];
    past[fresh] = first[block] + count;
    first[block] += count;
    for (int i = first[fresh]; i < past[fresh]; i++) {
      blockOf[elements[i]] = fresh;
    }
    return fresh;
  }

  private Automaton quotient(Automaton given, int[] next, int k, int dead) {
    int[] number = new int[n];
    java.util.Arrays.fill(number, Automaton.NOWHERE);
    int[] order = new int[n];
    int count = 0;
    number[blockOf[0]] = count;
    order[count++] = blockOf[0];
    int deadBlock = blockOf[dead];
    for (int i = 0; i < count; i++) {
      int state = elements[first[order[i]]];
      for (int c = 0; c < k; c++) {
        int to = blockOf[next[state * k + c]];
        if (to != deadBlock && number[to] == Automaton.NOWHERE) {
          number[to] = count;
          order[count++] = to;
        }
      }
    }
    int[] edges = new int[count * k];
    BitSet accepting = new BitSet();
    for (int i = 0; i < count; i++) {
      int state = elements[first[order[i]]];
      boolean nothing = order[i] == deadBlock;
      accepting.set(i, !nothing && state != dead && given.accepts(state));
      for (int c = 0; c < k; c++) {
        int to = blockOf[next[state * k + c]];
        edges[i * k + c] = nothing || to == deadBlock ? Automaton.NOWHERE : number[to];
      }
    }
    return Automaton.of(given.alphabet(), edges, accepting, count);
  }
}
