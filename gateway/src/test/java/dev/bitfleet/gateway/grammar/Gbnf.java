package dev.bitfleet.gateway.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;

/**
 * A reader of llama.cpp's GBNF that knows nothing of how the grammars were made: it tells whether a
 * text matches, and writes texts at random. It refuses what llama.cpp refuses: unknown escapes,
 * undefined rules, left recursion, loops over nothing.
 */
final class Gbnf {
  sealed interface Node {}

  /** One character out of ranges. */
  record One(int[] ranges) implements Node {}

  record Seq(List<Node> items) implements Node {}

  record Alt(List<Node> items) implements Node {}

  record Rep(Node item, int min, int max) implements Node {}

  /** A rule by its name. */
  static final class Ref implements Node {
    final String name;

    Ref(String name) {
      this.name = name;
    }
  }

  private static final int UNKNOWN = 1_000_000;

  private final Map<String, Node> rules = new HashMap<>();
  private final Map<String, Integer> shortest = new HashMap<>();
  private String text = "";
  private int pos;

  Gbnf(String grammar) {
    for (String line : grammar.split("\n")) {
      text = line;
      pos = 0;
      String name = name();
      expect(" ::= ");
      Node body = alternatives();
      if (pos != text.length()) {
        throw new IllegalArgumentException("at " + pos + " of " + line);
      }
      if (rules.put(name, body) != null) {
        throw new IllegalArgumentException("twice: " + name);
      }
    }
    if (!rules.containsKey("root")) {
      throw new IllegalArgumentException("no root");
    }
    measure();
    rules.keySet().forEach(name -> requireNoLeftRecursion(name, new TreeSet<>()));
  }

  int rules() {
    return rules.size();
  }

  private Node rule(String name) {
    return java.util.Objects.requireNonNull(rules.get(name), name);
  }

  // ---- reading

  private String name() {
    int from = pos;
    while (pos < text.length()
        && (Character.isLetterOrDigit(text.charAt(pos)) || text.charAt(pos) == '-')) {
      pos++;
    }
    if (from == pos) {
      throw new IllegalArgumentException("a name is missing at " + pos + " of " + text);
    }
    return text.substring(from, pos);
  }

  private void expect(String sign) {
    if (!text.startsWith(sign, pos)) {
      throw new IllegalArgumentException("'" + sign + "' is missing at " + pos + " of " + text);
    }
    pos += sign.length();
  }

  private boolean at(char c) {
    return pos < text.length() && text.charAt(pos) == c;
  }

  private void blanks() {
    while (at(' ')) {
      pos++;
    }
  }

  private Node alternatives() {
    List<Node> items = new ArrayList<>(List.of(sequence()));
    while (at('|')) {
      pos++;
      blanks();
      items.add(sequence());
    }
    return items.size() == 1 ? items.getFirst() : new Alt(items);
  }

  private Node sequence() {
    List<Node> items = new ArrayList<>();
    boolean any = false;
    while (pos < text.length() && !at('|') && !at(')')) {
      any = true;
      Node item = item();
      if (item instanceof Seq inner && inner.items().isEmpty()) {
        blanks();
        continue;
      }
      items.add(quantified(item));
      blanks();
    }
    if (!any) {
      throw new IllegalArgumentException("nothing at " + pos + " of " + text);
    }
    return new Seq(items);
  }

  private Node quantified(Node item) {
    if (at('*')) {
      pos++;
      return new Rep(item, 0, -1);
    }
    if (at('+')) {
      pos++;
      return new Rep(item, 1, -1);
    }
    if (at('?')) {
      pos++;
      return new Rep(item, 0, 1);
    }
    if (at('{')) {
      pos++;
      int min = number();
      int max = min;
      if (at(',')) {
        pos++;
        max = at('}') ? -1 : number();
      }
      expect("}");
      return new Rep(item, min, max);
    }
    return item;
  }

  private int number() {
    int from = pos;
    while (pos < text.length() && Character.isDigit(text.charAt(pos))) {
      pos++;
    }
    return Integer.parseInt(text.substring(from, pos));
  }

  private Node item() {
    if (at('"')) {
      pos++;
      List<Node> items = new ArrayList<>();
      while (!at('"')) {
        int c = character();
        items.add(new One(new int[] {c, c}));
      }
      pos++;
      return items.size() == 1 ? items.getFirst() : new Seq(items);
    }
    if (at('[')) {
      return set();
    }
    if (at('(')) {
      pos++;
      blanks();
      Node inner = alternatives();
      expect(")");
      return inner;
    }
    return new Ref(name());
  }

  private Node set() {
    pos++;
    if (at('^')) {
      throw new IllegalArgumentException("a negated class matches what is no character: " + text);
    }
    List<Integer> ranges = new ArrayList<>();
    while (!at(']')) {
      int lo = character();
      int hi = lo;
      if (at('-')) {
        pos++;
        hi = character();
      }
      if (hi < lo || lo <= 0xDFFF && hi >= 0xD800) {
        throw new IllegalArgumentException("a bad range in " + text);
      }
      ranges.add(lo);
      ranges.add(hi);
    }
    pos++;
    if (ranges.isEmpty()) {
      throw new IllegalArgumentException("an empty class in " + text);
    }
    return new One(ranges.stream().mapToInt(Integer::intValue).toArray());
  }

  private int character() {
    int c = text.codePointAt(pos);
    pos += Character.charCount(c);
    if (c != '\\') {
      return c;
    }
    char kind = text.charAt(pos++);
    int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (digits > 0) {
      int value = Integer.parseInt(text.substring(pos, pos + digits), 16);
      pos += digits;
      return value;
    }
    return switch (kind) {
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case '\\', '"', '[', ']' -> kind;
      default -> throw new IllegalArgumentException("an unknown escape in " + text);
    };
  }

  // ---- what llama.cpp would refuse, and how short a text can be

  private void measure() {
    rules.keySet().forEach(name -> shortest.put(name, UNKNOWN));
    for (boolean changed = true; changed; ) {
      changed = false;
      for (Map.Entry<String, Node> rule : rules.entrySet()) {
        int length = shortest(rule.getValue());
        if (length < shortest.getOrDefault(rule.getKey(), UNKNOWN)) {
          shortest.put(rule.getKey(), length);
          changed = true;
        }
      }
    }
    shortest.forEach(
        (name, length) -> {
          if (length >= UNKNOWN) {
            throw new IllegalArgumentException("can never be completed: " + name);
          }
        });
  }

  private int shortest(Node node) {
    long length =
        switch (node) {
          case One one -> 1;
          case Seq seq -> seq.items().stream().mapToLong(this::shortest).sum();
          case Alt alt -> alt.items().stream().mapToLong(this::shortest).min().orElse(UNKNOWN);
          case Rep rep -> (long) rep.min() * shortest(rep.item());
          case Ref ref -> {
            Integer known = shortest.get(ref.name);
            if (known == null) {
              throw new IllegalArgumentException("undefined: " + ref.name);
            }
            yield known;
          }
        };
    return (int) Math.min(length, UNKNOWN);
  }

  private void requireNoLeftRecursion(String name, TreeSet<String> on) {
    if (!on.add(name)) {
      throw new IllegalArgumentException("left recursion through " + on);
    }
    if (on.size() < 40) {
      first(rule(name), on);
    }
    on.remove(name);
  }

  private final java.util.Set<String> clean = new java.util.HashSet<>();

  /** Whether the node may be empty, having looked at everything that it may begin with. */
  private boolean first(Node node, TreeSet<String> on) {
    return switch (node) {
      case One one -> false;
      case Seq seq -> {
        for (Node item : seq.items()) {
          if (!first(item, on)) {
            yield false;
          }
        }
        yield true;
      }
      case Alt alt -> {
        boolean empty = false;
        for (Node item : alt.items()) {
          empty |= first(item, on);
        }
        yield empty;
      }
      case Rep rep -> {
        boolean empty = first(rep.item(), on);
        if (empty && rep.max() != 1) {
          throw new IllegalArgumentException("a loop over nothing below " + on);
        }
        yield empty || rep.min() == 0;
      }
      case Ref ref -> {
        if (clean.add(ref.name) || on.contains(ref.name)) {
          requireNoLeftRecursion(ref.name, on);
        }
        yield shortest.getOrDefault(ref.name, 1) == 0;
      }
    };
  }

  // ---- matching

  private record Spot(Node node, int from) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Spot that && node == that.node && from == that.from;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(node) * 31 + from;
    }
  }

  /** Whether the whole text matches. */
  boolean matches(String document) {
    int[] points = document.codePoints().toArray();
    Map<Spot, TreeSet<Integer>> memo = new HashMap<>();
    return deep(() -> ends(new Ref("root"), 0, points, memo)).contains(points.length);
  }

  private TreeSet<Integer> ends(
      Node node, int from, int[] points, Map<Spot, TreeSet<Integer>> memo) {
    Node at = node instanceof Ref ref ? rule(ref.name) : node;
    Spot spot = new Spot(at, from);
    TreeSet<Integer> known = memo.get(spot);
    if (known != null) {
      return known;
    }
    TreeSet<Integer> ends = new TreeSet<>();
    switch (at) {
      case One one -> {
        if (from < points.length && in(one, points[from])) {
          ends.add(from + 1);
        }
      }
      case Seq seq -> {
        TreeSet<Integer> here = new TreeSet<>(List.of(from));
        for (Node item : seq.items()) {
          TreeSet<Integer> next = new TreeSet<>();
          for (int start : here) {
            next.addAll(ends(item, start, points, memo));
          }
          here = next;
        }
        ends.addAll(here);
      }
      case Alt alt -> alt.items().forEach(item -> ends.addAll(ends(item, from, points, memo)));
      case Rep rep -> {
        TreeSet<Integer> here = new TreeSet<>(List.of(from));
        for (int n = 0; !here.isEmpty() && (rep.max() < 0 || n <= rep.max()); n++) {
          if (n >= rep.min()) {
            ends.addAll(here);
          }
          TreeSet<Integer> next = new TreeSet<>();
          for (int start : here) {
            next.addAll(ends(rep.item(), start, points, memo));
          }
          here = next;
        }
      }
      case Ref ref -> throw new IllegalStateException(ref.name);
    }
    memo.put(spot, ends);
    return ends;
  }

  private static boolean in(One one, int c) {
    for (int i = 0; i < one.ranges().length; i += 2) {
      if (c >= one.ranges()[i] && c <= one.ranges()[i + 1]) {
        return true;
      }
    }
    return false;
  }

  // ---- writing

  /** A text that matches; longer than {@code about} only as far as it must be. */
  String sample(Random random, int about) {
    StringBuilder out = new StringBuilder();
    deep(
        () -> {
          write(new Ref("root"), random, about, out);
          return out;
        });
    return out.toString();
  }

  private void write(Node node, Random random, int about, StringBuilder out) {
    boolean hurry = out.length() > about;
    switch (node) {
      case One one -> out.appendCodePoint(pick(one, random));
      case Seq seq -> seq.items().forEach(item -> write(item, random, about, out));
      case Alt alt -> {
        List<Node> items = alt.items();
        Node chosen = items.get(random.nextInt(items.size()));
        if (hurry) {
          for (Node item : items) {
            chosen = shortest(item) < shortest(chosen) ? item : chosen;
          }
        }
        write(chosen, random, about, out);
      }
      case Rep rep -> {
        int count = rep.min();
        int room = rep.max() < 0 ? 4 : rep.max() - rep.min();
        if (!hurry && room > 0 && shortest(rep.item()) <= about + 8) {
          count +=
              switch (random.nextInt(6)) {
                case 0 -> 0;
                case 1 -> Math.min(room, 40);
                default -> random.nextInt(Math.min(room, 4) + 1);
              };
        }
        for (int i = 0; i < count; i++) {
          boolean enough = i >= rep.min() && out.length() > about;
          if (enough) {
            break;
          }
          write(rep.item(), random, about, out);
        }
      }
      case Ref ref -> write(rule(ref.name), random, about, out);
    }
  }

  private static int pick(One one, Random random) {
    int range = 2 * random.nextInt(one.ranges().length / 2);
    int lo = one.ranges()[range];
    int hi = one.ranges()[range + 1];
    return switch (random.nextInt(8)) {
      case 0 -> lo;
      case 1 -> hi;
      case 2 -> lo + random.nextInt(hi - lo + 1);
      default -> lo + random.nextInt(Math.min(hi, lo + 94) - lo + 1);
    };
  }

  /** On a thread with room for a call per character. */
  private static <T> T deep(java.util.concurrent.Callable<T> work) {
    var task = new java.util.concurrent.FutureTask<>(work);
    Thread thread = new Thread(null, task, "gbnf", 512L << 20);
    thread.start();
    try {
      return task.get();
    } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }
}
