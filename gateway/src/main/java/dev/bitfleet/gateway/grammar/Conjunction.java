package dev.bitfleet.gateway.grammar;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Schemas that must hold together, and the choices among further ones that are still to be made.
 * References and {@code allOf} are members, not layers. Immutable.
 *
 * @param members that say something themselves
 * @param open choices not made
 */
record Conjunction(List<Schema> members, List<Schema.Choice> open, boolean never) {
  private static final Conjunction EMPTY = new Conjunction(List.of(), List.of(), false);

  /** Two are the same if the same schemas must hold: whichever way they were met. */
  record Key(List<Integer> numbers) {}

  static Conjunction of(List<Schema> schemas, Budget budget) {
    return EMPTY.and(schemas, budget);
  }

  static Conjunction of(Schema schema, Budget budget) {
    return EMPTY.and(List.of(schema), budget);
  }

  /** These hold too. */
  Conjunction and(List<Schema> schemas, Budget budget) {
    Set<Schema> all = new LinkedHashSet<>(members);
    Set<Schema> met = new LinkedHashSet<>(members);
    List<Schema.Choice> choices = new ArrayList<>(open);
    boolean impossible = never;
    ArrayDeque<Schema> pending = new ArrayDeque<>(schemas);
    budget.spend(20 + 3 * (members.size() + open.size()));
    while (!pending.isEmpty()) {
      Schema next = pending.poll();
      budget.spend(4);
      if (!met.add(next)) {
        continue;
      }
      impossible |= next.never;
      if (!next.saysNothing()) {
        all.add(next);
      }
      pending.addAll(next.all);
      for (Schema.Choice choice : next.choices) {
        if (!choices.contains(choice)) {
          choices.add(choice);
        }
      }
    }
    return new Conjunction(List.copyOf(all), List.copyOf(choices), impossible);
  }

  /** Without a choice that is made now. */
  Conjunction without(Schema.Choice made) {
    return new Conjunction(members, open.stream().filter(choice -> choice != made).toList(), never);
  }

  Key key() {
    return new Key(
        IntStream.concat(
                members.stream().mapToInt(s -> s.number),
                open.stream().mapToInt(choice -> -choice.number()))
            .sorted()
            .boxed()
            .toList());
  }

  /** The types that all members allow. */
  int types() {
    int types = Schema.ALL_TYPES;
    for (Schema member : members) {
      types &= member.types;
    }
    if (types == Schema.ALL_TYPES) {
      // None is named. The keywords tell which is meant; a value of it is valid in any case.
      int implied = 0;
      for (Schema member : members) {
        implied |= member.impliedTypes();
      }
      return implied == 0 ? types : implied;
    }
    return types;
  }

  /** Where to point if something is wrong with it. */
  Schema place(Schema otherwise) {
    return members.isEmpty() ? otherwise : members.getFirst();
  }
}
