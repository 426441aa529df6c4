package dev.bitfleet.worker.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.supervise.Quarantine.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class QuarantineTest {
  private static final long WINDOW = SupervisionSettings.DEFAULTS.quarantineWindow().toNanos();
  private static final long SENTENCE = SupervisionSettings.DEFAULTS.quarantineTime().toNanos();
  private final Quarantine quarantine = new Quarantine(SupervisionSettings.DEFAULTS);
  private final PromptHash poison = hash("poison");
  private final PromptHash bystander = hash("bystander");
  private final PromptHash newcomer = hash("newcomer");

  private static PromptHash hash(String text) {
    return PromptHash.of(List.of(new PromptSegment.Text(text)));
  }

  private static List<Quarantine.Open> open(PromptHash... prompts) {
    return Arrays.stream(prompts).map(prompt -> new Quarantine.Open(prompt, 100, true)).toList();
  }

  @Test
  void one_crash_is_an_accident() {
    quarantine.engineLost(open(poison), 0);

    assertThat(refuses(poison, 1)).isFalse();
  }

  private boolean refuses(PromptHash prompt, long now) {
    return quarantine.verdict(prompt, List.of(), now) == Verdict.REFUSED;
  }

  @Test
  void a_suspect_that_is_there_at_the_next_crash_is_refused_and_the_others_are_not() {
    quarantine.engineLost(open(poison, bystander), 0);
    quarantine.engineLost(open(poison, newcomer), 1);

    assertThat(refuses(poison, 2)).isTrue();
    assertThat(refuses(bystander, 2)).isFalse();
    assertThat(refuses(newcomer, 2)).isFalse();
  }

  @Test
  void suspects_are_tried_one_at_a_time() {
    quarantine.engineLost(open(poison, bystander), 0);

    assertThat(quarantine.verdict(poison, List.of(newcomer), 1)).isEqualTo(Verdict.ADMITTED);
    assertThat(quarantine.verdict(bystander, List.of(poison), 1)).isEqualTo(Verdict.WAITS);
    assertThat(quarantine.verdict(poison, List.of(poison), 1)).isEqualTo(Verdict.WAITS);
    assertThat(quarantine.verdict(newcomer, List.of(poison), 1)).isEqualTo(Verdict.ADMITTED);
    assertThat(quarantine.verdict(bystander, List.of(poison), WINDOW)).isEqualTo(Verdict.ADMITTED);

    quarantine.cleared(poison);

    assertThat(quarantine.verdict(bystander, List.of(poison), 1)).isEqualTo(Verdict.ADMITTED);
  }

  @Test
  void of_two_suspects_at_one_crash_none_is_convicted() {
    quarantine.engineLost(open(poison, bystander), 0);
    quarantine.engineLost(open(poison, bystander), 1);

    assertThat(refuses(poison, 2)).isFalse();
    assertThat(refuses(bystander, 2)).isFalse();
  }

  @Test
  void one_poison_among_bystanders_is_found_whatever_the_order_they_come_back_in() {
    Random random = new Random(5);
    for (int round = 0; round < 200; round++) {
      Quarantine court = new Quarantine(SupervisionSettings.DEFAULTS);
      List<PromptHash> clients =
          new ArrayList<>(List.of(poison, bystander, newcomer, hash("another")));
      List<PromptHash> waiting = new ArrayList<>(clients);
      List<PromptHash> refused = new ArrayList<>();
      court.engineLost(open(clients.toArray(PromptHash[]::new)), 0);
      int deaths = 1;
      for (int time = 1; !waiting.isEmpty(); time++) {
        Collections.shuffle(waiting, random);
        List<PromptHash> open = new ArrayList<>();
        for (PromptHash prompt : List.copyOf(waiting)) {
          switch (court.verdict(prompt, open, time)) {
            case ADMITTED -> open.add(prompt);
            case WAITS -> {}
            case REFUSED -> {
              refused.add(prompt);
              waiting.remove(prompt);
            }
          }
        }
        if (open.contains(poison)) {
          deaths++;
          court.engineLost(open(open.toArray(PromptHash[]::new)), time);
        } else {
          open.forEach(court::cleared);
          waiting.removeAll(open);
        }
      }

      assertThat(refused).containsExactly(poison);
      assertThat(deaths).isEqualTo(2);
    }
  }

  @Test
  void the_same_prompt_twice_in_one_crash_counts_once() {
    quarantine.engineLost(open(poison, poison), 0);

    assertThat(refuses(poison, 1)).isFalse();
  }

  @Test
  void a_bystander_that_finishes_is_cleared() {
    quarantine.engineLost(open(bystander), 0);
    quarantine.cleared(bystander);
    quarantine.engineLost(open(bystander), 1);

    assertThat(refuses(bystander, 2)).isFalse();
  }

  @Test
  void one_that_gets_past_where_the_engine_died_is_cleared_and_no_sooner() {
    quarantine.engineLost(open(bystander), 0);

    assertThat(quarantine.reached(bystander, 100 + Quarantine.PROVEN - 1)).isFalse();
    assertThat(quarantine.verdict(poison, List.of(bystander), 1)).isEqualTo(Verdict.ADMITTED);
    assertThat(quarantine.reached(newcomer, 1000)).isFalse();
    assertThat(quarantine.reached(bystander, 100 + Quarantine.PROVEN)).isTrue();
    assertThat(quarantine.reached(bystander, 100 + Quarantine.PROVEN)).isFalse();

    quarantine.engineLost(open(bystander), 1);
    assertThat(refuses(bystander, 2)).isFalse();
  }

  @Test
  void what_engines_were_handed_that_may_have_been_dead_already_is_given_a_third() {
    List<Quarantine.Open> handed = List.of(new Quarantine.Open(bystander, 0, false));
    quarantine.engineLost(handed, 0);
    quarantine.engineLost(handed, 1);
    assertThat(refuses(bystander, 2)).isFalse();

    quarantine.engineLost(handed, 2);
    assertThat(refuses(bystander, 3)).isTrue();
  }

  @Test
  void a_prompt_that_was_accepted_once_is_given_one_more_handing_over() {
    quarantine.engineLost(List.of(new Quarantine.Open(poison, 0, false)), 0);
    quarantine.engineLost(open(poison), 1);
    assertThat(refuses(poison, 2)).isFalse();

    quarantine.engineLost(open(poison), 2);
    assertThat(refuses(poison, 3)).isTrue();
  }

  @Test
  void getting_on_helps_nobody_who_is_convicted() {
    quarantine.engineLost(open(poison), 0);
    quarantine.engineLost(open(poison), 1);

    assertThat(quarantine.reached(poison, 10_000)).isFalse();
    assertThat(refuses(poison, 2)).isTrue();
  }

  @Test
  void the_sentence_ends() {
    quarantine.engineLost(open(poison), 0);
    quarantine.engineLost(open(poison), 1);

    assertThat(refuses(poison, SENTENCE)).isTrue();
    assertThat(refuses(poison, 1 + SENTENCE)).isFalse();
  }

  @Test
  void crashes_far_apart_are_two_accidents() {
    quarantine.engineLost(open(poison), 0);
    quarantine.engineLost(open(poison), WINDOW);

    assertThat(refuses(poison, WINDOW + 1)).isFalse();
  }

  @Test
  void what_is_kept_is_bounded_and_the_oldest_goes_first() {
    quarantine.engineLost(open(poison), 0);
    for (int i = 0; i < 5000; i++) {
      quarantine.engineLost(open(hash("p" + i)), 1);
    }
    quarantine.engineLost(open(poison), 2);

    assertThat(refuses(poison, 3)).isFalse();
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
