package dev.bitfleet.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.completion.Delivery;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {

  @Test
  void what_reached_the_client_is_never_repeated() {
    assertThat(new RetryPolicy(3, 2, Delivery.STREAMED).again(AttemptEnd.GAP, true)).isFalse();
    assertThat(new RetryPolicy(3, 2, Delivery.STREAMED).again(AttemptEnd.GAP, false)).isTrue();
    assertThat(new RetryPolicy(3, 2, Delivery.WHOLE).again(AttemptEnd.GAP, true)).isTrue();
  }

  @Test
  void attempts_and_engines_are_limited_apart() {
    RetryPolicy gaps = new RetryPolicy(3, 2, Delivery.WHOLE);
    assertThat(gaps.again(AttemptEnd.GAP, false)).isTrue();
    assertThat(gaps.again(AttemptEnd.STALLED, false)).isTrue();
    assertThat(gaps.again(AttemptEnd.WORKER_LOST, false)).isFalse();
    RetryPolicy engines = new RetryPolicy(3, 2, Delivery.WHOLE);
    assertThat(engines.again(AttemptEnd.ENGINE_LOST, false)).isTrue();
    assertThat(engines.again(AttemptEnd.ENGINE_LOST, false)).isFalse();
  }

  @Test
  void a_fault_of_the_completion_itself_is_final() {
    assertThat(new RetryPolicy(3, 2, Delivery.WHOLE).again(AttemptEnd.ENGINE_FAULT, false))
        .isFalse();
  }
}
