package dev.bitfleet.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.Continuation;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.Sampling;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.proto.WorkerHeartbeat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ChoiceProgressTest {
  private static final OpenReply.Accepted ACCEPTED = new OpenReply.Accepted(3, 1, "f", 77);

  private static CompletionRequest request(String grammar, PromptScoring scoring, int context) {
    return new CompletionRequest(
        ModelWish.ANY,
        List.of(new Prompt.Text("hi")),
        1,
        Sampling.greedy(),
        20,
        List.of(),
        false,
        OptionalInt.empty(),
        context,
        grammar,
        scoring,
        1,
        Priority.INTERACTIVE,
        Delivery.STREAMED);
  }

  private static WorkerView worker(String fingerprint, int context) {
    return new WorkerView(
        new WorkerHeartbeat(
            "w",
            "n",
            1,
            ProtocolVersion.FLEET,
            WorkerHeartbeat.State.READY,
            Optional.of(
                new ModelDescription(
                    "m",
                    "a",
                    fingerprint,
                    context,
                    10,
                    1,
                    1,
                    1,
                    true,
                    0,
                    "none",
                    "I2_S",
                    List.of(),
                    0)),
            4,
            0,
            "builtin",
            "1",
            "scalar",
            0,
            List.of(0),
            1,
            "",
            PrefixSummary.NONE),
        0,
        0,
        0);
  }

  private static List<TokenDetail> tokens(int... ids) {
    return java.util.Arrays.stream(ids)
        .mapToObj(id -> new TokenDetail(id, new byte[] {65}, OptionalDouble.empty(), List.of()))
        .toList();
  }

  private static GenerationEvent.Delta delta(String text, int... ids) {
    return new GenerationEvent.Delta("s", 0, text, tokens(ids), false);
  }

  private static GenerationRequest next(ChoiceProgress progress) {
    return progress.next("s", "inbox", "m", 0);
  }

  @Test
  void it_begins_with_nothing_to_go_on_after() {
    ChoiceProgress progress = new ChoiceProgress(request("", PromptScoring.NONE, 0));
    GenerationRequest first = next(progress);
    assertThat(first.continuation()).isEmpty();
    assertThat(first.contextLimit()).isZero();
    assertThat(progress.alike(worker("any", 1))).isTrue();
  }

  @Test
  void it_goes_on_after_its_tokens_with_the_same_model_and_context() {
    ChoiceProgress progress = new ChoiceProgress(request("", PromptScoring.NONE, 0));
    next(progress);
    assertThat(progress.accepted(ACCEPTED, worker("f", 512), 0)).isTrue();
    progress.delta(delta("a", 7, 8), 5_000);
    progress.delta(delta("", 9), 6_000);

    GenerationRequest second = next(progress);
    assertThat(second.continuation())
        .contains(new Continuation(List.of(7, 8, 9), "", false, "f", 77));
    assertThat(second.contextLimit()).isEqualTo(512);
    assertThat(second.maxTokens()).isEqualTo(20);
    assertThat(progress.alike(worker("f", 512))).isTrue();
    assertThat(progress.alike(worker("f", 4096))).isTrue();
    assertThat(progress.alike(worker("f", 511))).isFalse();
    assertThat(progress.alike(worker("g", 512))).isFalse();
    assertThat(progress.accepted(ACCEPTED, worker("f", 4096), 50_000)).isFalse();
  }

  @Test
  void a_limit_of_the_request_stays_when_it_is_the_smaller_one() {
    ChoiceProgress progress = new ChoiceProgress(request("", PromptScoring.NONE, 100));
    next(progress);
    progress.accepted(ACCEPTED, worker("f", 512), 0);
    progress.delta(delta("a", 7), 0);
    assertThat(next(progress).contextLimit()).isEqualTo(100);
  }

  @Test
  void usage_and_times_are_those_of_the_whole() {
    ChoiceProgress progress = new ChoiceProgress(request("", PromptScoring.NONE, 0));
    next(progress);
    progress.accepted(ACCEPTED, worker("f", 512), 1_000_000);
    progress.delta(delta("a", 7), 3_000_000);
    assertThat(progress.usage(new Usage(3, 0, 9))).isEqualTo(new Usage(3, 0, 9));
    next(progress);
    assertThat(progress.usage(new Usage(3, 3, 9))).isEqualTo(new Usage(3, 1, 9));
    assertThat(progress.prefillMicros(1)).isEqualTo(2_000);
    assertThat(progress.decodeMicros(1, 10_000_000)).isEqualTo(7_000);
  }

  @Test
  void scores_that_were_told_are_not_told_again() {
    ChoiceProgress progress = new ChoiceProgress(request("", PromptScoring.WITH_COMPLETION, 0));
    next(progress);
    progress.accepted(ACCEPTED, worker("f", 512), 0);
    assertThat(progress.promptScored(tokens(1, 2))).hasSize(2);
    GenerationRequest again = next(progress);
    assertThat(again.promptScoring()).isEqualTo(PromptScoring.WITH_COMPLETION);
    assertThat(again.continuation()).isPresent();
    assertThat(progress.promptScored(tokens(1))).isEmpty();
    assertThat(progress.promptScored(tokens(2, 3))).isEqualTo(tokens(3));
    assertThat(next(progress).promptScoring()).isEqualTo(PromptScoring.NONE);
  }

  @Test
  void an_engine_that_names_no_tokens_goes_on_after_its_text_but_not_under_a_grammar() {
    for (String grammar : List.of("", "root ::= \"a\"")) {
      ChoiceProgress progress = new ChoiceProgress(request(grammar, PromptScoring.NONE, 0));
      next(progress);
      progress.accepted(ACCEPTED, worker("f", 512), 0);
      progress.delta(delta("Hel"), 0);
      progress.delta(delta("lo"), 0);
      assertThat(progress.pieces()).isEqualTo(2);
      assertThat(progress.continuable()).isEqualTo(grammar.isEmpty());
      assertThat(next(progress).continuation().orElseThrow().emittedText()).isEqualTo("Hello");
    }
  }

  @Test
  void beginning_anew_forgets_all() {
    ChoiceProgress progress = new ChoiceProgress(request("", PromptScoring.NONE, 0));
    next(progress);
    progress.accepted(ACCEPTED, worker("f", 512), 0);
    progress.delta(delta("a", 7), 0);
    progress.restart();
    assertThat(next(progress).continuation()).isEmpty();
    assertThat(progress.alike(worker("g", 1))).isTrue();
    assertThat(progress.accepted(ACCEPTED, worker("g", 1), 0)).isTrue();
  }
}
