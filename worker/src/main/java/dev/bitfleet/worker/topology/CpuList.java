package dev.bitfleet.worker.topology;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** The kernel's notation for a set of CPUs: {@code 0-3,8,10-11}. */
public final class CpuList {
  /** CPU numbers above this are not believed: no machine has them, and a range costs memory. */
  private static final int MAX_CPU = 65_535;

  private CpuList() {}

  /**
   * The CPUs a list names, ascending. Blank text is the empty set, as the kernel writes it.
   *
   * @throws IllegalArgumentException when the text is not a CPU list
   */
  public static SortedSet<Integer> parse(String text) {
    SortedSet<Integer> cpus = new TreeSet<>();
    String list = text.strip();
    if (list.isEmpty()) {
      return cpus;
    }
    for (String range : list.split(",", -1)) {
      int dash = range.indexOf('-');
      int first = number(dash < 0 ? range : range.substring(0, dash), text);
      int last = dash < 0 ? first : number(range.substring(dash + 1), text);
      if (last < first) {
        throw new IllegalArgumentException("not a CPU list: " + text);
      }
      for (int cpu = first; cpu <= last; cpu++) {
        cpus.add(cpu);
      }
    }
    return cpus;
  }

  /** The set in the kernel's notation, runs joined: {@code 0-3,8}. */
  public static String format(Iterable<Integer> cpus) {
    SortedSet<Integer> sorted = new TreeSet<>();
    cpus.forEach(sorted::add);
    List<String> ranges = new ArrayList<>();
    Iterator<Integer> rest = sorted.iterator();
    if (!rest.hasNext()) {
      return "";
    }
    int first = rest.next();
    int last = first;
    while (rest.hasNext()) {
      int cpu = rest.next();
      if (cpu != last + 1) {
        ranges.add(range(first, last));
        first = cpu;
      }
      last = cpu;
    }
    ranges.add(range(first, last));
    return String.join(",", ranges);
  }

  private static String range(int first, int last) {
    return first == last ? Integer.toString(first) : first + "-" + last;
  }

  private static int number(String digits, String text) {
    try {
      int cpu = Integer.parseInt(digits.strip());
      if (cpu >= 0 && cpu <= MAX_CPU) {
        return cpu;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a CPU list: " + text, e);
    }
    throw new IllegalArgumentException("not a CPU list: " + text);
  }
}
