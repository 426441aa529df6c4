package dev.bitfleet.worker.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.worker.engine.AdapterOptions;
import dev.bitfleet.worker.engine.Emitted;
import dev.bitfleet.worker.engine.EngineContract;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineHarness;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.KernelSet;
import dev.bitfleet.worker.engine.KvQuant;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SchedulingOptions;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.engine.WeightOptions;
import dev.bitfleet.worker.engine.WeightQuant;
import dev.bitfleet.worker.engine.process.LaunchWrapper;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BuiltinEngineTest extends EngineContract {

  @Override
  protected EngineLauncher launcher(Vertx vertx, Path model) {
    return launcher(vertx, model, 2, SLOTS);
  }

  private static EngineLauncher launcher(Vertx vertx, Path model, int threads, int slots) {
    return new BuiltinLauncher(
        vertx,
        new LaunchWrapper(),
        TestModels.engine(),
        new BuiltinLauncher.Settings(model, threads, slots, CONTEXT, List.of()));
  }

  @Test
  void a_text_does_not_depend_on_batch_mates_or_threads() {
    List<String> alone;
    try (EngineHarness one = new EngineHarness(vertx -> launcher(vertx, TestModels.demo(), 1, 1))) {
      one.next(EngineEvent.Ready.class);
      alone =
          java.util.stream.IntStream.range(0, 8)
              .mapToObj(i -> one.complete(request(one, i)).text())
              .toList();
    }
    try (EngineHarness eight =
        new EngineHarness(vertx -> launcher(vertx, TestModels.demo(), 2, 8))) {
      eight.next(EngineEvent.Ready.class);
      Map<Long, StringBuilder> texts = new HashMap<>();
      List<SequenceRequest> requests =
          java.util.stream.IntStream.range(0, 8).mapToObj(i -> request(eight, i)).toList();
      requests.forEach(request -> texts.put(request.id(), new StringBuilder()));
      eight.onContext(engine -> requests.forEach(engine::open));
      int open = 8;
      while (open > 0) {
        switch (eight.next(EngineEvent.OfSequence.class)) {
          case EngineEvent.Piece piece ->
              java.util.Objects.requireNonNull(texts.get(piece.sequenceId())).append(piece.text());
          case EngineEvent.Finished ignored -> open--;
          case EngineEvent.Accepted ignored -> {}
          case EngineEvent.PromptScored unasked -> throw new AssertionError(unasked);
          case EngineEvent.EndOfSequence other -> throw new AssertionError(other);
        }
      }
      assertThat(requests.stream().map(request -> String.valueOf(texts.get(request.id()))).toList())
          .isEqualTo(alone);
    }
  }

  private static Path adapter() throws Exception {
    Path file = TestModels.dataDir().resolve("demo-adapter.gguf");
    TestModels.run(
        List.of(
            TestModels.engine().toString(),
            "random-adapter",
            "--model",
            TestModels.demo().toString(),
            "--out",
            file.toString()));
    return file;
  }

  private static EngineHarness with(WeightOptions weights) {
    return new EngineHarness(
        vertx ->
            new BuiltinLauncher(
                vertx,
                new LaunchWrapper(),
                TestModels.engine(),
                new BuiltinLauncher.Settings(
                    TestModels.demo(),
                    2,
                    1,
                    CONTEXT,
                    List.of(),
                    weights,
                    SchedulingOptions.DEFAULTS,
                    Optional.empty())));
  }

  @Test
  void the_text_is_the_same_however_steps_and_memory_are_shared() {
    var little =
        new SchedulingOptions(
            OptionalLong.of(16 << 20),
            KvQuant.NONE,
            Duration.ofMillis(1),
            SchedulingOptions.Speculation.OFF,
            KernelSet.SCALAR);
    assertThat(textWith(little)).isEqualTo(textWith(SchedulingOptions.DEFAULTS));
  }

  @Test
  void a_rounded_cache_gives_one_text_too_and_a_fingerprint_of_its_own() {
    var roomy =
        new SchedulingOptions(
            OptionalLong.empty(),
            KvQuant.INT8,
            Duration.ofMillis(100),
            SchedulingOptions.Speculation.AUTO,
            KernelSet.AUTO);
    var little =
        new SchedulingOptions(
            OptionalLong.of(8 << 20),
            KvQuant.INT8,
            Duration.ofMillis(1),
            SchedulingOptions.Speculation.OFF,
            KernelSet.SCALAR);
    assertThat(textWith(little)).isEqualTo(textWith(roomy));
    assertThat(fingerprintWith(roomy))
        .isEqualTo(fingerprintWith(little))
        .isNotEqualTo(fingerprintWith(SchedulingOptions.DEFAULTS));
  }

  private static EngineHarness with(SchedulingOptions scheduling) {
    return new EngineHarness(
        vertx ->
            new BuiltinLauncher(
                vertx,
                new LaunchWrapper(),
                TestModels.engine(),
                new BuiltinLauncher.Settings(
                    TestModels.demo(),
                    1,
                    2,
                    CONTEXT,
                    List.of(),
                    WeightOptions.PLAIN,
                    scheduling,
                    Optional.empty())));
  }

  private static String fingerprintWith(SchedulingOptions scheduling) {
    try (EngineHarness engine = with(scheduling)) {
      return engine.next(EngineEvent.Ready.class).description().fingerprint();
    }
  }

  private static String textWith(SchedulingOptions scheduling) {
    try (EngineHarness engine = with(scheduling)) {
      engine.next(EngineEvent.Ready.class);
      return engine.complete(engine.text("Once upon a time, once upon a time, once", 64)).text();
    }
  }

  private static String fingerprintAndText(WeightOptions weights) {
    try (EngineHarness engine = with(weights)) {
      String fingerprint = engine.next(EngineEvent.Ready.class).description().fingerprint();
      return fingerprint + engine.complete(engine.text("Tell me a story", 24)).text();
    }
  }

  @Test
  void an_adapter_and_rounded_weights_change_fingerprint_and_text() throws Exception {
    String plain = fingerprintAndText(WeightOptions.PLAIN);
    Set<String> fingerprints = new HashSet<>(Set.of(plain.substring(0, 16)));
    for (WeightOptions other :
        List.of(
            new WeightOptions(Optional.empty(), WeightQuant.INT8),
            new WeightOptions(Optional.empty(), WeightQuant.Q4_0),
            adapted(0.5, WeightQuant.NONE),
            adapted(3, WeightQuant.NONE),
            adapted(3, WeightQuant.INT8))) {
      assertThat(fingerprints.add(fingerprintAndText(other).substring(0, 16)))
          .as("%s has a fingerprint of its own", other)
          .isTrue();
    }
    assertThat(fingerprintAndText(adapted(3, WeightQuant.NONE)).substring(16))
        .isNotEqualTo(plain.substring(16));
    assertThat(fingerprintAndText(adapted(0, WeightQuant.NONE)).substring(16))
        .isEqualTo(plain.substring(16));
  }

  private static WeightOptions adapted(double strength, WeightQuant quant) throws Exception {
    return new WeightOptions(
        Optional.of(new AdapterOptions(adapter(), strength, quant)), WeightQuant.NONE);
  }

  @Test
  void an_adapter_that_is_none_fails_the_load_with_a_reason() {
    WeightOptions model =
        new WeightOptions(
            Optional.of(new AdapterOptions(TestModels.demo(), 1, WeightQuant.NONE)),
            WeightQuant.NONE);
    try (EngineHarness engine = with(model)) {
      assertThat(engine.next(EngineEvent.LoadFailed.class).message())
          .contains("'general.type' is not \"adapter\"");
    }
  }

  @Test
  void a_prompt_can_be_scored_alone() {
    try (EngineHarness engine =
        new EngineHarness(vertx -> launcher(vertx, TestModels.demo(), 2, 1))) {
      engine.next(EngineEvent.Ready.class);
      SequenceRequest plain = engine.text("The capital of France is Paris.", 0);
      engine.onContext(e -> e.open(scored(plain)));

      int promptTokens = engine.next(EngineEvent.Accepted.class).promptTokens();
      List<TokenDetail> tokens = new ArrayList<>();
      EngineEvent event = engine.next();
      while (event instanceof EngineEvent.PromptScored scored) {
        tokens.addAll(scored.tokens());
        event = engine.next();
      }
      assertThat(event)
          .isInstanceOfSatisfying(
              EngineEvent.Finished.class,
              finished -> {
                assertThat(finished.reason()).isEqualTo(FinishReason.LENGTH);
                assertThat(finished.usage()).isEqualTo(new Usage(promptTokens, 0, 0));
              });
      assertThat(tokens).hasSize(promptTokens);
      assertThat(tokens.getFirst().logprob()).isEmpty();
      assertThat(tokens.subList(1, promptTokens))
          .allSatisfy(
              token -> {
                assertThat(token.logprob().orElseThrow()).isLessThanOrEqualTo(0);
                assertThat(token.top()).hasSize(2);
              });
    }
  }

  private static SequenceRequest scored(SequenceRequest plain) {
    return new SequenceRequest(
        plain.id(),
        plain.prompt(),
        true,
        plain.sampling(),
        0,
        List.of(),
        List.of(),
        false,
        OptionalInt.of(2),
        0,
        Emitted.NOTHING,
        plain.cacheScope(),
        "",
        PromptScoring.ALONE,
        Priority.INTERACTIVE);
  }

  private static SequenceRequest request(EngineHarness engine, int i) {
    return engine.request(
        List.of(new PromptSegment.Text("User: tell me about number " + i)),
        EngineHarness.sampled(1000 + i),
        40,
        List.of());
  }
}
