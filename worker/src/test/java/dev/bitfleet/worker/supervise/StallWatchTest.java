package dev.bitfleet.worker.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class StallWatchTest {
  private static final Duration TICK = Duration.ofMillis(200);
  private final StallWatch watch = new StallWatch(TICK, Duration.ofMillis(1500));

  private int ticksUntilStalled(Duration longestStep) {
    for (int tick = 1; tick < 100_000; tick++) {
      if (watch.stalled(TICK.toNanos(), longestStep)) {
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
    assertThat(ticksUntilStalled(Duration.ofSeconds(5))).isBetween(4 * 25, 4 * 25 + 1);
  }

  @Test
  void progress_starts_the_window_anew() {
    for (int tick = 0; tick < 100; tick++) {
      watch.progress();
      assertThat(watch.stalled(TICK.toNanos(), Duration.ZERO)).isFalse();
    }
  }

  @Test
  void answers_without_steps_are_no_life_while_something_is_open() {
    watch.answered(7, 1);
    boolean stalled = false;
    for (int tick = 0; tick < 20; tick++) {
      watch.answered(7, 1);
      stalled |= watch.stalled(TICK.toNanos(), Duration.ZERO);
    }
    assertThat(stalled).isTrue();
  }

  @Test
  void answers_of_an_idle_engine_are_life() {
    for (int tick = 0; tick < 100; tick++) {
      watch.answered(7, 0);
      assertThat(watch.stalled(TICK.toNanos(), Duration.ZERO)).isFalse();
    }
  }

  @Test
  void a_suspended_machine_is_not_held_against_the_engine() {
    assertThat(watch.stalled(Duration.ofHours(8).toNanos(), Duration.ZERO)).isFalse();
  }
}
