package dev.bitfleet.acceptance.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Whether what a fleet shows agrees with what it told its clients:
 *
 * <ul>
 *   <li>at the end every acknowledged turn is there, and no turn is there twice or was never said;
 *   <li>all nodes show one order, in which a turn that was acknowledged before another one was sent
 *       stands before it;
 *   <li>whoever looks after a turn was acknowledged sees it.
 * </ul>
 *
 * <p>A fleet that is split answers on both sides. What was said on one of them cannot be known on
 * the other meanwhile, so the last two hold within a side.
 */
public final class HistoryCheck {
  private final List<String> problems = new ArrayList<>();
  private final Map<String, Map<String, Said>> said = new HashMap<>();

  private HistoryCheck(List<Said> all) {
    for (Said each : all) {
      Said other =
          said.computeIfAbsent(each.conversation(), id -> new LinkedHashMap<>())
              .put(each.label(), each);
      if (other != null) {
        problems.add("the harness said " + each.label() + " twice");
      }
    }
  }

  /**
   * What does not agree, in words; nothing when all does.
   *
   * @param during what was seen while turns were being said
   * @param atEnd what each node shows of each conversation when all is over
   */
  public static List<String> problems(List<Said> said, List<Seen> during, List<Seen> atEnd) {
    var check = new HistoryCheck(said);
    during.forEach(check::look);
    Map<String, List<Seen>> ends =
        atEnd.stream()
            .collect(
                Collectors.groupingBy(Seen::conversation, LinkedHashMap::new, Collectors.toList()));
    check.said.keySet().stream()
        .filter(id -> !ends.containsKey(id))
        .forEach(id -> check.problems.add(id + " was not looked at in the end"));
    ends.values().forEach(check::end);
    return List.copyOf(check.problems);
  }

  private void look(Seen seen) {
    known(seen);
    Set<String> there = new HashSet<>(seen.labels());
    for (Said each : of(seen.conversation()).values()) {
      if (each.acknowledged().isPresent()
          && each.acknowledged().getAsLong() < seen.asked()
          && Said.visible(each.side(), seen.side())
          && !there.contains(each.label())) {
        problems.add(
            "%s did not show %s of %s, which had been acknowledged before"
                .formatted(seen.node(), each.label(), seen.conversation()));
      }
    }
  }

  private void end(List<Seen> nodes) {
    Seen first = nodes.getFirst();
    for (Seen other : nodes) {
      if (!other.labels().equals(first.labels())) {
        problems.add(
            "%s and %s show %s differently: %s and %s"
                .formatted(
                    first.node(),
                    other.node(),
                    first.conversation(),
                    first.labels(),
                    other.labels()));
      }
    }
    for (Seen each : nodes) {
      known(each);
      Set<String> there = new HashSet<>(each.labels());
      of(each.conversation()).values().stream()
          .filter(turn -> turn.acknowledged().isPresent() && !there.contains(turn.label()))
          .forEach(
              turn ->
                  problems.add(
                      "%s of %s was acknowledged and is lost at %s"
                          .formatted(turn.label(), turn.conversation(), each.node())));
    }
    order(first);
  }

  /** Everything in it was said, and once. */
  private void known(Seen seen) {
    Set<String> before = new HashSet<>();
    for (String label : seen.labels()) {
      if (!of(seen.conversation()).containsKey(label)) {
        problems.add(
            "%s shows %s in %s, which nobody said"
                .formatted(seen.node(), label, seen.conversation()));
      }
      if (!before.add(label)) {
        problems.add("%s shows %s in %s twice".formatted(seen.node(), label, seen.conversation()));
      }
    }
  }

  /**
   * No turn stands after one that it precedes in time. Of those that stand later, the one of each
   * side that was acknowledged first is the only one that has to be compared.
   */
  private void order(Seen seen) {
    List<Said> turns =
        seen.labels().stream()
            .filter(of(seen.conversation())::containsKey)
            .map(of(seen.conversation())::get)
            .toList();
    Map<String, Said> earliest = new HashMap<>();
    for (Said turn : turns.reversed()) {
      for (Said later : earliest.values()) {
        if (later.precedes(turn)) {
          problems.add(
              "%s stands before %s in %s, which was acknowledged before the other was sent"
                  .formatted(turn.label(), later.label(), seen.conversation()));
        }
      }
      if (turn.acknowledged().isPresent()) {
        earliest.merge(
            turn.side(),
            turn,
            (a, b) ->
                Comparator.<Said>comparingLong(each -> each.acknowledged().getAsLong())
                            .compare(a, b)
                        <= 0
                    ? a
                    : b);
      }
    }
  }

  private Map<String, Said> of(String conversation) {
    return said.getOrDefault(conversation, Map.of());
  }
}
