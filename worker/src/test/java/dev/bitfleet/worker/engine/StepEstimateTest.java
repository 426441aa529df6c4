package dev.bitfleet.worker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Usage;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StepEstimateTest {
  private final StepEstimate steps = new StepEstimate(64);

  private static EngineEvent.Finished finished(
      int prompt, int cached, int drawn, long prefillMicros, long decodeMicros) {
    return new EngineEvent.Finished(
        1, FinishReason.LENGTH, "", new Usage(prompt, cached, drawn), prefillMicros, decodeMicros);
  }

  @Test
  void nothing_learnt_is_no_bound() {
    assertThat(steps.longestStep(1_000, 3)).isZero();
  }

  @Test
  void a_step_is_a_chunk_of_prompt_at_most_and_a_drawn_token_of_each_open_sequence() {
    steps.learn(finished(100, 0, 10, 200_000, 50_000));

    assertThat(steps.longestStep(1_000_000, 0)).isEqualTo(Duration.ofMillis(128));
    assertThat(steps.longestStep(10, 2)).isEqualTo(Duration.ofMillis(30));
    assertThat(steps.longestStep(0, 1)).isEqualTo(Duration.ofMillis(5));
    assertThat(steps.longestStep(0, 4)).isEqualTo(Duration.ofMillis(20));
  }

  @Test
  void a_cancelled_sequence_teaches_nothing() {
    steps.learn(
        new EngineEvent.Finished(
            1, FinishReason.CANCELLED, "", new Usage(1000, 0, 1), 1_000, 1_000));

    assertThat(steps.longestStep(1_000, 1)).isZero();
  }

  @Test
  void cached_tokens_cost_nothing() {
    steps.learn(finished(100, 90, 0, 10_000, 0));

    assertThat(steps.longestStep(64, 1)).isEqualTo(Duration.ofMillis(64));
  }

  @Test
  void one_slow_moment_moves_it_by_a_quarter() {
    steps.learn(finished(0, 0, 1, 0, 1_000));
    steps.learn(finished(0, 0, 1, 0, 101_000));

    assertThat(steps.longestStep(0, 1)).isEqualTo(Duration.ofMillis(26));
  }

  @Test
  void no_nonsense_makes_it_longer_than_half_a_minute() {
    steps.learn(finished(1, 0, 0, Long.MAX_VALUE, 0));

    assertThat(steps.longestStep(64, 1)).isEqualTo(Duration.ofSeconds(30));
  }
}
