package dev.bitfleet.worker.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class StallWatchTest {
  private static final Duration TICK = Duration.ofMillis(200);
  private final StallWatch watch = new StallWatch(TICK, Duration.ofMillis(1500));

  private int ticksUntilStalled(Duration longestStep) {
    for (int tick = 1; tick < 100_000; tick++) {
      if (watch.stalled(TICK.toNanos(), longestStep, 7)) {
        return tick;
      }
    }
    throw new AssertionError("never stalled");
  }

  @Test
  void a_fast_engine_that_stands_still_is_found_within_two_seconds() {
    assertThat(ticksUntilStalled(Duration.ZERO)).isLessThanOrEqualTo(9);
  }

  @Test
  void a_slow_engine_gets_several_of_its_steps() {
    assertThat(ticksUntilStalled(Duration.ofSeconds(5))).isBetween(4 * 25, 4 * 25 + 2);
  }

  @Test
  void progress_starts_the_window_anew() {
    for (int tick = 0; tick < 100; tick++) {
      watch.progress();
      assertThat(watch.stalled(TICK.toNanos(), Duration.ZERO, 7)).isFalse();
    }
  }

  @Test
  void answers_without_steps_are_no_life_while_something_is_open() {
    watch.answered(7, 1);
    boolean stalled = false;
    for (int tick = 0; tick < 20; tick++) {
      watch.answered(7, 1);
      stalled |= watch.stalled(TICK.toNanos(), Duration.ZERO, 7);
    }
    assertThat(stalled).isTrue();
  }

  @Test
  void answers_of_an_idle_engine_are_life() {
    for (int tick = 0; tick < 100; tick++) {
      watch.answered(7, 0);
      assertThat(watch.stalled(TICK.toNanos(), Duration.ZERO, 7)).isFalse();
    }
  }

  @Test
  void a_suspended_machine_is_not_held_against_the_engine() {
    assertThat(watch.stalled(Duration.ofHours(8).toNanos(), Duration.ZERO, 7)).isFalse();
  }

  @Test
  void an_engine_that_works_is_given_a_multiple_and_not_for_ever() {
    long effort = 0;
    int ticks = 1;
    while (!watch.stalled(TICK.toNanos(), Duration.ZERO, ++effort)) {
      ticks++;
    }
    assertThat(ticks * TICK.toMillis()).isBetween(11_000L, 13_000L);
  }

  @Test
  void work_before_it_was_stopped_does_not_hide_that_it_is() {
    watch.progress();
    assertThat(watch.stalled(TICK.toNanos(), Duration.ZERO, 100)).isFalse();
    assertThat(watch.stalled(TICK.toNanos(), Duration.ZERO, 101)).isFalse();
    int ticks = 1;
    while (!watch.stalled(TICK.toNanos(), Duration.ZERO, 101)) {
      ticks++;
    }
    assertThat(ticks).isLessThanOrEqualTo(8);
  }

  @Test
  void effort_is_read_behind_any_name() {
    String fields = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14";
    assertThat(ProcessEffort.parse("42 (bitfleet-engine) " + fields)).isEqualTo(9 + 11 + 12);
    assertThat(ProcessEffort.parse("42 (a) b (c d) " + fields)).isEqualTo(9 + 11 + 12);
    assertThat(ProcessEffort.parse("")).isZero();
    assertThat(ProcessEffort.of(ProcessHandle.current().pid())).isPositive();
  }
}
