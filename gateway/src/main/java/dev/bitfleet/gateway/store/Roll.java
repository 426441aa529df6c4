package dev.bitfleet.gateway.store;

import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a node says of itself once its journal is in the fleet's maps. Immutable.
 *
 * @param member its member of the cluster, as it is now: who comes back is another one
 * @param whole whether it has seen the maps to have what all journals have
 * @param known names of the nodes it has ever been in a fleet with
 */
record Roll(String member, boolean whole, Set<String> known) {
  private static final String WHOLE = "whole";
  private static final String FILLING = "filling";

  Roll {
    known = Set.copyOf(known);
  }

  String text() {
    return member + ' ' + (whole ? WHOLE : FILLING) + ' ' + String.join(",", new TreeSet<>(known));
  }

  static Roll of(String text) {
    String[] parts = text.split(" ", -1);
    return new Roll(
        parts[0],
        parts[1].equals(WHOLE),
        Arrays.stream(parts[2].split(",", -1))
            .filter(name -> !name.isEmpty())
            .collect(Collectors.toSet()));
  }

  /**
   * Whose journals may not be in the maps yet. Nobody's, when somebody who is there was there while
   * they were: what is in maps stays as long as anybody lives.
   *
   * @param said what nodes have said, by their names; also of former lives
   * @param members who is there and holds maps
   * @return names of nodes, and members whose name is not known
   */
  static Set<String> missing(Map<String, Roll> said, Set<String> members) {
    Map<String, Roll> there = there(said, members);
    Set<String> missing = new TreeSet<>();
    if (there.values().stream().noneMatch(Roll::whole)) {
      missing.addAll(members);
      there.values().forEach(each -> missing.remove(each.member()));
      there.values().stream().map(Roll::known).flatMap(Collection::stream).forEach(missing::add);
      missing.removeAll(there.keySet());
    }
    return missing;
  }

  /** What those have said who are there, in this life. */
  static Map<String, Roll> there(Map<String, Roll> said, Set<String> members) {
    return said.entrySet().stream()
        .filter(each -> members.contains(each.getValue().member()))
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }
}
