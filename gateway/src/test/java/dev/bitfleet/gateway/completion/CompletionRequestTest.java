package dev.bitfleet.gateway.completion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Sampling;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CompletionRequestTest {
  private static CompletionRequest of(int n) {
    return new CompletionRequest(
        ModelWish.ANY,
        List.of(new Prompt.Text("a"), new Prompt.Text("b")),
        n,
        Sampling.greedy(),
        0,
        List.of(),
        false,
        OptionalInt.empty(),
        0,
        "",
        PromptScoring.NONE,
        0,
        Priority.BACKGROUND,
        Delivery.WHOLE);
  }

  @Test
  void siblings_have_their_own_seeds_and_the_first_keeps_the_requests() {
    CompletionRequest request = of(16);
    assertThat(request.choices()).isEqualTo(32);
    assertThat(request.samplingOf(0).seed()).isEqualTo(request.sampling().seed());
    assertThat(IntStream.range(0, 16).mapToObj(i -> request.samplingOf(i).seed()))
        .doesNotHaveDuplicates();
    assertThat(request.samplingOf(3).seed()).isEqualTo(of(16).samplingOf(3).seed());
  }

  @Test
  void each_prompt_begins_its_siblings_anew() {
    CompletionRequest request = of(2);
    assertThat(request.promptOf(1)).isEqualTo(new Prompt.Text("a"));
    assertThat(request.promptOf(2)).isEqualTo(new Prompt.Text("b"));
    assertThat(request.samplingOf(2)).isEqualTo(request.samplingOf(0));
    assertThat(request.samplingOf(3)).isEqualTo(request.samplingOf(1));
  }
}
