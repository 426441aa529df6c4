package dev.bitfleet.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RetryPolicyTest {
  private static final int ENOUGH = RetryPolicy.PROGRESS;

  @Test
  void attempts_and_engines_are_limited_apart() {
    RetryPolicy gaps = new RetryPolicy(3, 2);
    assertThat(gaps.again(AttemptEnd.GAP, 0)).isTrue();
    assertThat(gaps.again(AttemptEnd.STALLED, 0)).isTrue();
    assertThat(gaps.again(AttemptEnd.WORKER_LOST, 0)).isFalse();
    RetryPolicy engines = new RetryPolicy(3, 2);
    assertThat(engines.again(AttemptEnd.ENGINE_LOST, 0)).isTrue();
    assertThat(engines.again(AttemptEnd.ENGINE_LOST, 0)).isFalse();
  }

  @Test
  void a_choice_that_gets_on_counts_afresh() {
    RetryPolicy policy = new RetryPolicy(3, 2);
    for (int breaks = 1; breaks <= 5; breaks++) {
      assertThat(policy.again(AttemptEnd.ENGINE_LOST, breaks * ENOUGH)).isTrue();
    }
    assertThat(policy.again(AttemptEnd.ENGINE_LOST, 6 * ENOUGH - 1)).isFalse();
  }

  @Test
  void the_first_tokens_of_a_choice_excuse_no_second_death_after_them() {
    RetryPolicy policy = new RetryPolicy(3, 2);
    assertThat(policy.again(AttemptEnd.ENGINE_LOST, 500)).isTrue();
    assertThat(policy.again(AttemptEnd.ENGINE_LOST, 502)).isFalse();
  }

  @Test
  void it_breaks_only_so_often_in_all() {
    RetryPolicy policy = new RetryPolicy(3, 2);
    int breaks = 0;
    while (policy.again(AttemptEnd.WORKER_STOPPING, ++breaks * 1000)) {
      assertThat(breaks).isLessThan(100);
    }
    assertThat(breaks).isEqualTo(3 * RetryPolicy.IN_ALL);
  }

  @Test
  void a_fault_of_the_completion_itself_is_final() {
    assertThat(new RetryPolicy(3, 2).again(AttemptEnd.ENGINE_FAULT, 1000)).isFalse();
  }
}
