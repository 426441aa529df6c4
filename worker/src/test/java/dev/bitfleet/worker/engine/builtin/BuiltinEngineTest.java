package dev.bitfleet.worker.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.engine.EngineContract;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineHarness;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.engine.process.LaunchWrapper;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
          case EngineEvent.EndOfSequence other -> throw new AssertionError(other);
        }
      }
      assertThat(requests.stream().map(request -> String.valueOf(texts.get(request.id()))).toList())
          .isEqualTo(alone);
    }
  }

  private static SequenceRequest request(EngineHarness engine, int i) {
    return engine.request(
        List.of(new PromptSegment.Text("User: tell me about number " + i)),
        EngineHarness.sampled(1000 + i),
        40,
        List.of());
  }
}
