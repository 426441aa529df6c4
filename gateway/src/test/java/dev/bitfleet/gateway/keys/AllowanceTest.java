package dev.bitfleet.gateway.keys;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class AllowanceTest {
  private static final long SECOND = 1_000_000_000L;

  private long now = -5 * SECOND;

  private Allowance of(int requests, long tokens, int concurrent) {
    return new Allowance(
        new KeyLimits(
            requests == 0 ? OptionalInt.empty() : OptionalInt.of(requests),
            tokens == 0 ? OptionalLong.empty() : OptionalLong.of(tokens),
            concurrent == 0 ? OptionalInt.empty() : OptionalInt.of(concurrent)),
        now);
  }

  @Test
  void a_minute_has_its_requests_and_they_come_back_evenly() {
    Allowance allowance = of(3, 0, 0);
    for (int i = 0; i < 3; i++) {
      assertThat(allowance.refusal(0, now)).isEmpty();
      allowance.begin(0, now).end(now);
    }
    assertThat(allowance.refusal(0, now))
        .contains(new Allowance.Refusal(Allowance.Kind.REQUESTS, 3, Duration.ofSeconds(20)));
    now += 19 * SECOND;
    assertThat(allowance.refusal(0, now)).isPresent();
    now += SECOND;
    assertThat(allowance.refusal(0, now)).isEmpty();
    now += 3600 * SECOND;
    allowance.begin(0, now);
    assertThat(allowance.requestRate().orElseThrow().remaining()).isEqualTo(2);
  }

  @Test
  void what_a_request_cost_beyond_the_bucket_is_a_debt_of_the_next() {
    Allowance allowance = of(0, 600, 0);
    Allowance.Use use = allowance.begin(100, now);
    assertThat(allowance.tokenRate().orElseThrow().remaining()).isEqualTo(500);
    use.used(1200, now);
    use.end(now);
    assertThat(allowance.tokenRate().orElseThrow().remaining()).isZero();
    assertThat(allowance.refusal(0, now).orElseThrow().retryAfter())
        .isEqualTo(Duration.ofNanos(601 * SECOND / 10));
    now += 61 * SECOND;
    assertThat(allowance.refusal(0, now)).isEmpty();
  }

  @Test
  void an_estimate_is_given_back_for_what_was_really_used() {
    Allowance allowance = of(0, 600, 0);
    Allowance.Use use = allowance.begin(500, now);
    assertThat(allowance.refusal(200, now).orElseThrow().kind()).isEqualTo(Allowance.Kind.TOKENS);
    use.used(7, now);
    use.end(now);
    assertThat(allowance.tokenRate().orElseThrow().remaining()).isEqualTo(593);
  }

  @Test
  void a_request_larger_than_a_minutes_tokens_waits_for_a_full_bucket_and_then_runs() {
    Allowance allowance = of(0, 600, 0);
    allowance.begin(0, now).used(1, now);
    assertThat(allowance.refusal(1_000_000, now)).isPresent();
    now += SECOND;
    assertThat(allowance.refusal(1_000_000, now)).isEmpty();
  }

  @Test
  void only_so_many_run_at_once() {
    Allowance allowance = of(0, 0, 2);
    Allowance.Use first = allowance.begin(0, now);
    allowance.begin(0, now);
    assertThat(allowance.refusal(0, now).orElseThrow().kind()).isEqualTo(Allowance.Kind.CONCURRENT);
    first.end(now);
    assertThat(allowance.refusal(0, now)).isEmpty();
  }
}
