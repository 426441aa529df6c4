package dev.bitfleet.worker.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RestartPolicyTest {
  private static final long SECOND = 1_000_000_000L;
  private final RestartPolicy policy = new RestartPolicy(SupervisionSettings.DEFAULTS);

  @Test
  void the_first_restart_is_immediate() {
    policy.ready(0);

    assertThat(policy.lost(SECOND)).isEqualTo(new RestartPolicy.Verdict(Duration.ZERO, false));
  }

  @Test
  void crashes_in_a_row_back_off_and_double() {
    assertThat(policy.lost(0).delay()).isZero();
    assertThat(policy.lost(0).delay()).isEqualTo(Duration.ofMillis(250));
    assertThat(policy.lost(0).delay()).isEqualTo(Duration.ofMillis(500));
    assertThat(policy.lost(0).delay()).isEqualTo(Duration.ofSeconds(1));
    assertThat(policy.lost(0)).isEqualTo(new RestartPolicy.Verdict(Duration.ofSeconds(2), false));
  }

  @Test
  void a_crash_loop_fails_and_is_tried_slowly_for_ever() {
    for (int crash = 1; crash < SupervisionSettings.DEFAULTS.crashesToGiveUp(); crash++) {
      assertThat(policy.lost(0).failed()).isFalse();
    }
    for (int crash = 0; crash < 100; crash++) {
      assertThat(policy.lost(0))
          .isEqualTo(new RestartPolicy.Verdict(SupervisionSettings.DEFAULTS.slowRetry(), true));
    }
  }

  @Test
  void a_stable_life_ends_the_row() {
    policy.lost(0);
    policy.lost(0);
    policy.ready(0);

    assertThat(policy.lost(11 * SECOND).delay()).isZero();
  }

  @Test
  void a_life_that_served_someone_ends_the_row_however_short() {
    for (int kill = 0; kill < 100; kill++) {
      policy.ready(kill);
      policy.served();
      assertThat(policy.lost(kill + 1).delay()).isZero();
    }
  }

  @Test
  void a_short_life_that_served_nobody_does_not_end_the_row() {
    policy.lost(0);
    policy.ready(0);

    assertThat(policy.lost(SECOND).delay()).isPositive();
  }

  @Test
  void a_model_that_cannot_be_loaded_fails_at_once() {
    assertThat(policy.loadFailed())
        .isEqualTo(new RestartPolicy.Verdict(SupervisionSettings.DEFAULTS.slowRetry(), true));
  }

  @Test
  void backoff_has_a_longest() {
    SupervisionSettings d = SupervisionSettings.DEFAULTS;
    RestartPolicy patient =
        new RestartPolicy(
            new SupervisionSettings(
                d.loadTimeout(),
                d.probeTimeout(),
                d.tick(),
                d.stallWindow(),
                d.firstBackoff(),
                d.longestBackoff(),
                d.stableAfter(),
                1_000_000,
                d.slowRetry(),
                d.quarantineWindow(),
                d.quarantineTime()));
    for (int crash = 0; crash < 1000; crash++) {
      assertThat(patient.lost(0).delay()).isLessThanOrEqualTo(d.longestBackoff());
    }
  }
}
