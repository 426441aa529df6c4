package dev.bitfleet.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RollTest {
  private static Roll filling(String member, String... known) {
    return new Roll(member, false, Set.of(known));
  }

  private static Roll whole(String member, String... known) {
    return new Roll(member, true, Set.of(known));
  }

  @Test
  void it_comes_back_from_its_text() {
    for (Roll each : new Roll[] {filling("m"), whole("m", "a", "node-b", "c.d_e")}) {
      assertThat(Roll.of(each.text())).isEqualTo(each);
    }
  }

  @Test
  void a_first_start_waits_for_nobody() {
    assertThat(Roll.missing(Map.of("a", filling("m1", "a")), Set.of("m1"))).isEmpty();
  }

  @Test
  void nodes_that_anybody_knows_are_missed_until_they_are_back_in_a_new_life() {
    assertThat(
            Roll.missing(
                Map.of(
                    "a", filling("m1", "a"),
                    "b", filling("m2", "a", "b", "c"),
                    "c", whole("m0-of-a-former-life")),
                Set.of("m1", "m2")))
        .containsExactly("c");
    assertThat(
            Roll.missing(
                Map.of(
                    "a", filling("m1", "a"),
                    "b", filling("m2", "a", "b", "c"),
                    "c", filling("m3")),
                Set.of("m1", "m2", "m3")))
        .isEmpty();
  }

  @Test
  void a_member_that_still_reads_its_journal_is_missed_though_nobody_knows_its_name() {
    assertThat(Roll.missing(Map.of("a", filling("m1", "a")), Set.of("m1", "m2")))
        .containsExactly("m2");
  }

  @Test
  void where_somebody_saw_it_whole_nobody_is_missed() {
    assertThat(
            Roll.missing(
                Map.of("a", filling("m1", "a", "b", "gone"), "b", whole("m2", "a", "b")),
                Set.of("m1", "m2", "m3")))
        .isEmpty();
  }
}
