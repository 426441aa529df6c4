package dev.bitfleet.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PaceTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long PATIENCE = 60 * SECOND;

  private final Pace pace = new Pace();

  @Test
  void nothing_is_said_before_every_slot_had_a_turn() {
    assertThat(pace.placesWithin(PATIENCE, 4, SECOND)).isEqualTo(Long.MAX_VALUE);
    pace.waits(true, 0);
    assertThat(pace.placesWithin(PATIENCE, 4, 0)).isEqualTo(Long.MAX_VALUE);
    for (int i = 0; i < 3; i++) {
      pace.admitted();
    }
    assertThat(pace.placesWithin(PATIENCE, 4, 10 * SECOND)).isEqualTo(Long.MAX_VALUE);
    assertThat(pace.placesWithin(PATIENCE, 4, 100 * SECOND)).isEqualTo(Long.MAX_VALUE);
    assertThat(pace.placesWithin(PATIENCE, 3, 10 * SECOND)).isEqualTo(18);
    assertThat(pace.placesWithin(PATIENCE, 0, SECOND)).as("others have all slots").isEqualTo(180);
  }

  @Test
  void an_empty_line_has_no_pace_and_begins_a_new_one() {
    pace.waits(true, 0);
    pace.admitted();
    pace.waits(true, 50 * SECOND);
    assertThat(pace.placesWithin(PATIENCE, 0, PATIENCE)).isEqualTo(1);
    pace.waits(false, PATIENCE);
    assertThat(pace.placesWithin(PATIENCE, 0, PATIENCE)).isEqualTo(Long.MAX_VALUE);
    pace.waits(true, 100 * SECOND);
    pace.admitted();
    assertThat(pace.placesWithin(PATIENCE, 0, 101 * SECOND)).isEqualTo(60);
  }

  @Test
  void with_more_slots_the_line_begins_anew_and_with_fewer_it_goes_on() {
    pace.waits(true, 0);
    assertThat(pace.placesWithin(PATIENCE, 1, 0)).isEqualTo(Long.MAX_VALUE);
    pace.admitted();
    pace.admitted();
    assertThat(pace.placesWithin(PATIENCE, 1, PATIENCE)).isEqualTo(2);
    assertThat(pace.placesWithin(PATIENCE, 8, PATIENCE)).isEqualTo(Long.MAX_VALUE);
    for (int i = 0; i < 8; i++) {
      pace.admitted();
    }
    assertThat(pace.placesWithin(PATIENCE, 7, PATIENCE + 10 * SECOND)).isEqualTo(48);
  }

  @Test
  void a_line_that_has_become_faster_is_soon_known_as_such() {
    pace.waits(true, 0);
    pace.placesWithin(PATIENCE, 1, 0);
    for (int i = 1; i <= 12; i++) {
      pace.admitted();
      assertThat(pace.placesWithin(PATIENCE, 1, i * 20 * SECOND)).isEqualTo(3);
    }
    long places = 0;
    for (int second = 1; second <= 60; second++) {
      pace.admitted();
      pace.admitted();
      places = pace.placesWithin(PATIENCE, 1, (240 + second) * SECOND);
    }
    assertThat(places).as("of 120").isBetween(50L, 120L);
  }
}
