package dev.bitfleet.worker.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.engine.PromptSegment;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuarantineTest {
  private static final long WINDOW = SupervisionSettings.DEFAULTS.quarantineWindow().toNanos();
  private static final long SENTENCE = SupervisionSettings.DEFAULTS.quarantineTime().toNanos();
  private final Quarantine quarantine = new Quarantine(SupervisionSettings.DEFAULTS);
  private final PromptHash poison = hash("poison");
  private final PromptHash bystander = hash("bystander");

  private static PromptHash hash(String text) {
    return PromptHash.of(List.of(new PromptSegment.Text(text)));
  }

  @Test
  void one_crash_is_an_accident() {
    quarantine.engineLost(List.of(poison), 0);

    assertThat(quarantine.refuses(poison, 1)).isFalse();
  }

  @Test
  void a_prompt_that_was_there_twice_is_refused() {
    quarantine.engineLost(List.of(poison, bystander), 0);
    quarantine.engineLost(List.of(poison), 1);

    assertThat(quarantine.refuses(poison, 2)).isTrue();
    assertThat(quarantine.refuses(bystander, 2)).isFalse();
  }

  @Test
  void the_same_prompt_twice_in_one_crash_counts_once() {
    quarantine.engineLost(List.of(poison, poison), 0);

    assertThat(quarantine.refuses(poison, 1)).isFalse();
  }

  @Test
  void a_bystander_that_finishes_is_cleared() {
    quarantine.engineLost(List.of(bystander), 0);
    quarantine.cleared(bystander);
    quarantine.engineLost(List.of(bystander), 1);

    assertThat(quarantine.refuses(bystander, 2)).isFalse();
  }

  @Test
  void the_sentence_ends() {
    quarantine.engineLost(List.of(poison), 0);
    quarantine.engineLost(List.of(poison), 1);

    assertThat(quarantine.refuses(poison, SENTENCE)).isTrue();
    assertThat(quarantine.refuses(poison, 1 + SENTENCE)).isFalse();
  }

  @Test
  void crashes_far_apart_are_two_accidents() {
    quarantine.engineLost(List.of(poison), 0);
    quarantine.engineLost(List.of(poison), WINDOW);

    assertThat(quarantine.refuses(poison, WINDOW + 1)).isFalse();
  }

  @Test
  void what_is_kept_is_bounded_and_the_oldest_goes_first() {
    quarantine.engineLost(List.of(poison), 0);
    for (int i = 0; i < 5000; i++) {
      quarantine.engineLost(List.of(hash("p" + i)), 1);
    }
    quarantine.engineLost(List.of(poison), 2);

    assertThat(quarantine.refuses(poison, 3)).isFalse();
  }

  @Test
  void the_hash_tells_text_from_tokens_and_where_one_segment_ends() {
    assertThat(hash("a")).isEqualTo(hash("a")).isNotEqualTo(hash("b"));
    assertThat(PromptHash.of(List.of(new PromptSegment.Text("a"), new PromptSegment.Text("b"))))
        .isNotEqualTo(hash("ab"));
    assertThat(PromptHash.of(List.of(new PromptSegment.Tokens(List.of(1, 2)))))
        .isNotEqualTo(PromptHash.of(List.of(new PromptSegment.Tokens(List.of(1)))));
    assertThat(Duration.ofNanos(SENTENCE)).isPositive();
  }
}
