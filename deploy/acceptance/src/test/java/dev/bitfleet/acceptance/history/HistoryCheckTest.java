package dev.bitfleet.acceptance.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Histories that are right pass, and each kind of wrong one is refused. */
class HistoryCheckTest {
  private static final String CONVERSATION = "conv";

  private static Said said(String label, long invoked, long acknowledged) {
    return said(label, invoked, acknowledged, "");
  }

  private static Said said(String label, long invoked, long acknowledged, String side) {
    return new Said(CONVERSATION, label, invoked, OptionalLong.of(acknowledged), side);
  }

  private static Said unanswered(String label, long invoked) {
    return new Said(CONVERSATION, label, invoked, OptionalLong.empty(), "");
  }

  private static Seen seen(String node, String... labels) {
    return new Seen(node, CONVERSATION, Long.MAX_VALUE, "", List.of(labels));
  }

  private static List<String> problems(List<Said> said, Seen... atEnd) {
    return HistoryCheck.problems(said, List.of(), List.of(atEnd));
  }

  @Test
  void turns_one_after_the_other_pass() {
    assertThat(
            problems(
                List.of(said("a", 0, 1), said("b", 2, 3)),
                seen("n0", "a", "b"),
                seen("n1", "a", "b")))
        .isEmpty();
  }

  @Test
  void turns_that_overlap_may_stand_either_way() {
    List<Said> both = List.of(said("a", 0, 3), said("b", 2, 5));

    assertThat(problems(both, seen("n0", "a", "b"))).isEmpty();
    assertThat(problems(both, seen("n0", "b", "a"))).isEmpty();
  }

  @Test
  void a_turn_without_an_answer_may_be_there_or_not() {
    List<Said> both = List.of(said("a", 0, 1), unanswered("b", 2));

    assertThat(problems(both, seen("n0", "a", "b"))).isEmpty();
    assertThat(problems(both, seen("n0", "a"))).isEmpty();
  }

  @Test
  void a_lost_turn_is_found() {
    assertThat(problems(List.of(said("a", 0, 1), said("b", 2, 3)), seen("n0", "a")))
        .containsExactly("b of conv was acknowledged and is lost at n0");
  }

  @Test
  void a_turn_that_one_node_lost_is_found() {
    assertThat(problems(List.of(said("a", 0, 1)), seen("n0", "a"), seen("n1")))
        .contains("a of conv was acknowledged and is lost at n1");
  }

  @Test
  void a_doubled_turn_is_found() {
    assertThat(problems(List.of(said("a", 0, 1)), seen("n0", "a", "a")))
        .containsExactly("n0 shows a in conv twice");
  }

  @Test
  void a_doubled_turn_that_nobody_acknowledged_is_found() {
    assertThat(problems(List.of(unanswered("a", 0)), seen("n0", "a", "a")))
        .containsExactly("n0 shows a in conv twice");
  }

  @Test
  void two_orders_are_found() {
    assertThat(
            problems(
                List.of(said("a", 0, 3), said("b", 2, 5)),
                seen("n0", "a", "b"),
                seen("n1", "b", "a")))
        .singleElement()
        .asString()
        .contains("n0 and n1 show conv differently");
  }

  @Test
  void an_order_against_time_is_found() {
    assertThat(problems(List.of(said("a", 0, 1), said("b", 2, 3)), seen("n0", "b", "a")))
        .containsExactly(
            "b stands before a in conv, which was acknowledged before the other was sent");
  }

  @Test
  void an_order_against_time_is_found_over_a_turn_between() {
    assertThat(
            problems(
                List.of(said("a", 0, 1), said("b", 2, 3), said("c", 0, 9)),
                seen("n0", "b", "c", "a")))
        .hasSize(1);
  }

  @Test
  void a_turn_nobody_said_is_found() {
    assertThat(problems(List.of(said("a", 0, 1)), seen("n0", "a", "b")))
        .containsExactly("n0 shows b in conv, which nobody said");
  }

  @Test
  void a_turn_acknowledged_early_is_found_though_it_comes_later() {
    Seen tooEarly = new Seen("n1", CONVERSATION, 2, "", List.of());

    assertThat(
            HistoryCheck.problems(
                List.of(said("a", 0, 1)), List.of(tooEarly), List.of(seen("n0", "a"))))
        .containsExactly("n1 did not show a of conv, which had been acknowledged before");
  }

  @Test
  void who_looks_before_the_acknowledgement_may_see_nothing() {
    Seen early = new Seen("n1", CONVERSATION, 1, "", List.of());

    assertThat(
            HistoryCheck.problems(
                List.of(said("a", 0, 2)), List.of(early), List.of(seen("n0", "a"))))
        .isEmpty();
  }

  @Test
  void a_conversation_that_is_gone_is_found() {
    assertThat(problems(List.of(said("a", 0, 1))))
        .containsExactly("conv was not looked at in the end");
  }

  @Test
  void sides_of_a_split_are_not_compared_but_each_keeps_its_order() {
    List<Said> both =
        List.of(
            said("a", 0, 1),
            said("left1", 2, 3, "left"),
            said("right1", 4, 5, "right"),
            said("left2", 6, 7, "left"));

    assertThat(problems(both, seen("n0", "a", "right1", "left1", "left2"))).isEmpty();
    assertThat(problems(both, seen("n0", "a", "right1", "left2", "left1"))).hasSize(1);
    assertThat(problems(both, seen("n0", "right1", "a", "left1", "left2"))).hasSize(1);
    assertThat(problems(both, seen("n0", "a", "right1", "left1"))).hasSize(1);
  }

  @Test
  void who_looks_on_the_other_side_need_not_see_it_and_on_the_same_must() {
    List<Said> turn = List.of(said("a", 0, 1, "left"));

    assertThat(
            HistoryCheck.problems(
                turn,
                List.of(new Seen("n1", CONVERSATION, 2, "right", List.of())),
                List.of(seen("n0", "a"))))
        .isEmpty();
    assertThat(
            HistoryCheck.problems(
                turn,
                List.of(new Seen("n1", CONVERSATION, 2, "left", List.of())),
                List.of(seen("n0", "a"))))
        .hasSize(1);
  }

  /** Whatever is done to a right history of any shape, it is not taken for right any more. */
  @Test
  void random_histories_pass_and_any_harm_to_them_is_found() {
    for (int seed = 0; seed < 200; seed++) {
      var random = new Random(seed);
      List<Said> said = new ArrayList<>();
      List<String> labels = new ArrayList<>();
      int turns = 2 + random.nextInt(30);
      for (int i = 0; i < turns; i++) {
        // It takes effect at 10 i, and overlaps with some of its neighbours.
        said.add(said("t" + i, 10L * i - random.nextInt(25), 10L * i + 1 + random.nextInt(25)));
        labels.add("t" + i);
      }
      Collections.shuffle(said, random);
      assertThat(problems(said, at(labels))).as("seed %d", seed).isEmpty();

      int hurt = random.nextInt(turns);
      List<String> without = new ArrayList<>(labels);
      without.remove(hurt);
      assertThat(problems(said, at(without))).as("lost, seed %d", seed).isNotEmpty();

      List<String> twice = new ArrayList<>(labels);
      twice.add(random.nextInt(turns + 1), labels.get(hurt));
      assertThat(problems(said, at(twice))).as("doubled, seed %d", seed).isNotEmpty();

      List<Said> apart = List.copyOf(said);
      List<String> turned = new ArrayList<>(labels);
      Collections.reverse(turned);
      boolean ordered = apart.stream().anyMatch(a -> apart.stream().anyMatch(b -> a.precedes(b)));
      assertThat(problems(said, at(turned)).isEmpty())
          .as("turned, seed %d", seed)
          .isEqualTo(!ordered);
    }
  }

  private static Seen at(List<String> labels) {
    return seen("n0", labels.toArray(String[]::new));
  }
}
