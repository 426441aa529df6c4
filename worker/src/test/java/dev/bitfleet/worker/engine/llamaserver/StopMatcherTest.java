package dev.bitfleet.worker.engine.llamaserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopMatcherTest {

  @Test
  void text_before_a_stop_string_is_let_through_and_nothing_after() {
    StopMatcher matcher = new StopMatcher(List.of("END", "STOP"));

    assertThat(matcher.accept("one E")).isEqualTo("one ");
    assertThat(matcher.accept("very S")).isEqualTo("Every ");
    assertThat(matcher.accept("TOP two")).isEmpty();
    assertThat(matcher.matched()).isEqualTo("STOP");
    assertThat(matcher.accept("three")).isEmpty();
    assertThat(matcher.rest()).isEmpty();
  }

  @Test
  void what_was_held_back_comes_at_the_end() {
    StopMatcher matcher = new StopMatcher(List.of("abc"));

    assertThat(matcher.accept("xab")).isEqualTo("x");
    assertThat(matcher.rest()).isEqualTo("ab");
    assertThat(matcher.matched()).isEmpty();
  }

  @Test
  void the_earliest_stop_string_wins() {
    StopMatcher matcher = new StopMatcher(List.of("b", "a"));

    assertThat(matcher.accept("xaby")).isEqualTo("x");
    assertThat(matcher.matched()).isEqualTo("a");
  }

  @Test
  void cutting_a_text_into_pieces_changes_nothing() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 5000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < 20; i++) {
        text.append("abc".charAt(random.nextInt(3)));
      }
      List<String> stops = List.of("abca", "cc", "bab");
      int first =
          stops.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(text.length());
      StopMatcher matcher = new StopMatcher(stops);
      StringBuilder out = new StringBuilder();
      for (int at = 0; at < text.length(); ) {
        int to = Math.min(text.length(), at + 1 + random.nextInt(3));
        out.append(matcher.accept(text.substring(at, to)));
        at = to;
      }
      out.append(matcher.rest());
      assertThat(out.length()).as("seed %d: %s", seed, text).isLessThanOrEqualTo(text.length());
      // A piece may bring two stop strings at once; the earlier one ends the text.
      assertThat(text.toString()).startsWith(out.toString());
      assertThat(out.length()).as("seed %d: %s", seed, text).isEqualTo(first);
    }
  }
}
