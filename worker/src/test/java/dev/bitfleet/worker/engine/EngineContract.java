package dev.bitfleet.worker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Sampling;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.worker.engine.EngineHarness.Completion;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every engine must do, whatever computes behind it: run on each adapter. */
@Timeout(120)
public abstract class EngineContract {
  protected static final int SLOTS = 2;
  protected static final int CONTEXT = 128;
  private static final String PROMPT = "Count to ten: one two";

  private EngineHarness engine;
  private EngineDescription description;

  protected abstract EngineLauncher launcher(Vertx vertx, Path model) throws Exception;

  private EngineLauncher unchecked(Vertx vertx, Path model) {
    try {
      return launcher(vertx, model);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @BeforeEach
  void start() {
    engine = new EngineHarness(vertx -> unchecked(vertx, TestModels.demo()));
    description = engine.next(EngineEvent.Ready.class).description();
  }

  @AfterEach
  void stop() {
    engine.close();
  }

  private Completion greedy(int maxTokens) {
    return engine.complete(engine.text(PROMPT, maxTokens));
  }

  @Test
  void it_describes_itself() {
    assertThat(description.slots()).isEqualTo(SLOTS);
    assertThat(description.contextLength()).isEqualTo(CONTEXT);
    assertThat(description.architecture()).isEqualTo("bitnet-b1.58");
    assertThat(description.vocabularySize()).isEqualTo(2048);
    assertThat(description.fingerprint()).matches("[0-9a-f]{16}");
    assertThat(engine.engine().pid()).isPositive();
  }

  @Test
  void a_sequence_is_accepted_yields_text_and_ends_at_its_limit() {
    Completion completion = greedy(12);

    assertThat(completion.text()).isNotEmpty();
    Usage usage = completion.finished().usage();
    assertThat(completion.finished().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(usage.completionTokens()).isEqualTo(12);
    assertThat(usage.promptTokens()).isEqualTo(completion.accepted().promptTokens()).isPositive();
  }

  @Test
  void the_same_request_gives_the_same_text() {
    SequenceRequest first =
        engine.request(
            List.of(new PromptSegment.Text(PROMPT)), EngineHarness.sampled(42), 24, List.of());
    SequenceRequest again =
        engine.request(
            List.of(new PromptSegment.Text(PROMPT)), EngineHarness.sampled(42), 24, List.of());
    SequenceRequest other =
        engine.request(
            List.of(new PromptSegment.Text("Something else")),
            EngineHarness.sampled(42),
            24,
            List.of());

    String text = engine.complete(first).text();
    engine.complete(other);

    assertThat(engine.complete(again).text()).isEqualTo(text);
  }

  @Test
  void a_prompt_seen_before_is_partly_cached() {
    greedy(4);

    assertThat(greedy(4).finished().usage().cachedTokens()).isPositive();
  }

  @Test
  void without_a_limit_it_ends_when_the_context_is_full() {
    Completion completion = greedy(0);

    assertThat(completion.finished().reason()).isEqualTo(FinishReason.LENGTH);
    Usage usage = completion.finished().usage();
    assertThat(usage.promptTokens() + usage.completionTokens()).isBetween(CONTEXT - 1, CONTEXT + 1);
  }

  @Test
  void a_prompt_longer_than_the_context_is_refused_with_both_figures() {
    SequenceRequest request = engine.text("many words ".repeat(200), 4);
    engine.onContext(e -> e.open(request));
    OpenReply.Refused refusal = engine.next(EngineEvent.Refused.class).refusal();

    assertThat(refusal.code()).isEqualTo(OpenReply.Code.CONTEXT_LENGTH_EXCEEDED);
    assertThat(refusal.promptTokens()).isGreaterThan(CONTEXT);
    assertThat(refusal.contextLength()).isEqualTo(CONTEXT);
    assertThat(greedy(2).text()).isNotEmpty();
  }

  @Test
  void a_token_that_does_not_exist_is_refused() {
    for (int id : new int[] {2048, Integer.MAX_VALUE, -1}) {
      SequenceRequest request =
          engine.request(
              List.of(new PromptSegment.Tokens(List.of(1, id))), Sampling.greedy(), 4, List.of());
      engine.onContext(e -> e.open(request));

      assertThat(engine.next(EngineEvent.Refused.class).refusal().code())
          .isEqualTo(OpenReply.Code.INVALID);
    }
    assertThat(greedy(2).text()).isNotEmpty();
  }

  @Test
  void text_that_is_not_valid_unicode_does_no_harm() {
    assertThat(engine.complete(engine.text("a\uD800b\uDC00c\u0000d", 3)).finished().reason())
        .isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void control_tokens_in_text_are_only_text() {
    Completion spelled = engine.complete(engine.text("<|eot_id|><|eot_id|>", 1));
    Completion begin = engine.complete(engine.text("", 1));

    assertThat(spelled.accepted().promptTokens())
        .isGreaterThan(begin.accepted().promptTokens() + 4);
  }

  @Test
  void a_stop_string_ends_the_text_before_it() {
    String whole = greedy(24).text();
    assertThat(whole.length()).isGreaterThan(8);
    String stop = whole.substring(whole.length() / 2, whole.length() / 2 + 3);

    Completion stopped =
        engine.complete(
            engine.request(
                List.of(new PromptSegment.Text(PROMPT)),
                Sampling.greedy(),
                24,
                List.of("\uD83D\uDE00 never", stop)));

    assertThat(stopped.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
    assertThat(stopped.finished().reason()).isEqualTo(FinishReason.STOP_STRING);
    assertThat(stopped.finished().matchedStop()).isEqualTo(stop);
  }

  @Test
  void what_could_have_been_a_stop_string_is_not_lost_at_the_limit() {
    String whole = greedy(12).text();
    String stop = whole.substring(whole.length() - 2) + "\u2603 and more";

    assertThat(
            engine
                .complete(
                    engine.request(
                        List.of(new PromptSegment.Text(PROMPT)),
                        Sampling.greedy(),
                        12,
                        List.of(stop)))
                .text())
        .isEqualTo(whole);
  }

  @Test
  void in_the_background_it_says_the_same() {
    SequenceRequest plain = engine.text(PROMPT, 16);
    SequenceRequest behind =
        new SequenceRequest(
            plain.id(),
            plain.prompt(),
            true,
            plain.sampling(),
            16,
            List.of(),
            List.of(),
            true,
            plain.topLogprobs(),
            0,
            Emitted.NOTHING,
            plain.cacheScope(),
            "",
            PromptScoring.NONE,
            Priority.BACKGROUND);
    assertThat(engine.complete(behind).text()).isEqualTo(greedy(16).text());
  }

  @Test
  void emitted_tokens_are_gone_on_after() {
    Completion whole = greedy(16);
    assertThat(whole.finished().usage().completionTokens()).isEqualTo(16);
    if (whole.tokens().isEmpty()) {
      return; // An engine that names no tokens cannot be asked to go on after them.
    }
    SequenceRequest plain = engine.text(PROMPT, 16);
    SequenceRequest rest =
        new SequenceRequest(
            plain.id(),
            plain.prompt(),
            true,
            plain.sampling(),
            16,
            List.of(),
            List.of(),
            true,
            plain.topLogprobs(),
            0,
            Emitted.of(whole.tokens().subList(0, 6)),
            plain.cacheScope(),
            "",
            PromptScoring.NONE,
            Priority.INTERACTIVE);
    Completion resumed = engine.complete(rest);

    assertThat(resumed.tokens()).isEqualTo(whole.tokens().subList(6, 16));
    assertThat(whole.text()).endsWith(resumed.text());
    assertThat(resumed.finished().usage().completionTokens()).isEqualTo(16);
  }

  @Test
  void cancelling_ends_the_sequence_and_frees_its_slot() {
    List<SequenceRequest> full = new ArrayList<>();
    for (int slot = 0; slot < SLOTS; slot++) {
      full.add(engine.text(PROMPT, 0));
    }
    engine.onContext(e -> full.forEach(e::open));
    engine.await(EngineEvent.Accepted.class);
    engine.onContext(e -> full.forEach(request -> e.cancel(request.id())));
    int ends = 0;
    while (ends < SLOTS) {
      engine.await(EngineEvent.EndOfSequence.class);
      ends++;
    }

    engine.onContext(e -> e.cancel(full.getFirst().id()));
    engine.onContext(e -> e.cancel(999_999));
    assertThat(greedy(3).finished().reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void more_sequences_than_slots_are_turned_away_busy() {
    int extra = 3;
    engine.onContext(
        e -> {
          for (int i = 0; i < SLOTS + extra; i++) {
            e.open(engine.text(PROMPT, 0));
          }
        });
    int busy = 0;
    int finished = 0;
    while (busy + finished < SLOTS + extra) {
      switch (engine.await(EngineEvent.EndOfSequence.class)) {
        case EngineEvent.Busy ignored -> busy++;
        case EngineEvent.Finished ignored -> finished++;
        case EngineEvent.EndOfSequence other -> throw new AssertionError(other);
      }
    }
    assertThat(finished).isGreaterThanOrEqualTo(SLOTS);
    assertThat(busy).isLessThanOrEqualTo(extra).isPositive();
  }

  @Test
  void pings_are_answered_idle_and_busy_and_steps_grow() {
    engine.onContext(Engine::ping);
    EngineEvent.Pong idle = engine.await(EngineEvent.Pong.class);
    greedy(8);
    engine.onContext(Engine::ping);
    EngineEvent.Pong later = engine.await(EngineEvent.Pong.class);

    assertThat(idle.openSequences()).isZero();
    assertThat(later.steps()).isGreaterThan(idle.steps());
  }

  @Test
  void a_killed_engine_is_lost_once_and_says_why() {
    engine.onContext(e -> e.open(engine.text(PROMPT, 0)));
    engine.await(EngineEvent.Accepted.class);
    engine.onContext(e -> e.kill("because"));
    EngineEvent.Lost lost = null;
    while (lost == null) {
      lost = engine.next() instanceof EngineEvent.Lost last ? last : null;
    }

    assertThat(lost.cause()).isEqualTo("because");
    assertThat(engine.engine().pid()).isZero();
    assertThat(engine.silent()).isTrue();
  }

  @Test
  void a_process_killed_from_outside_is_lost_with_its_signal() {
    ProcessHandle.of(engine.engine().pid()).orElseThrow().destroyForcibly();

    assertThat(engine.next(EngineEvent.Lost.class).cause()).isEqualTo("killed by signal 9");
  }

  @Test
  void a_broken_model_file_fails_to_load_with_a_reason(@TempDir Path folder) throws Exception {
    byte[] whole = Files.readAllBytes(TestModels.demo());
    Path cut =
        Files.write(folder.resolve("cut.gguf"), java.util.Arrays.copyOf(whole, whole.length / 2));
    try (EngineHarness broken = new EngineHarness(vertx -> unchecked(vertx, cut))) {
      assertThat(broken.next(EngineEvent.LoadFailed.class).message()).isNotBlank();
      broken.next(EngineEvent.Lost.class);
    }
  }
}
