package dev.bitfleet.worker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Sampling;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;

/** Runs one life of an engine on an event loop of its own and collects what it says. */
public final class EngineHarness implements AutoCloseable {
  private static final long WINDOW_SECONDS = 30;

  private final Vertx vertx = Vertx.vertx();
  private final Context context = ((VertxInternal) vertx).createEventLoopContext();
  private final LinkedBlockingQueue<EngineEvent> events = new LinkedBlockingQueue<>();
  private final AtomicLong ids = new AtomicLong();
  private final Engine engine;

  /** A whole sequence, from its acceptance to its end. */
  public record Completion(
      EngineEvent.Accepted accepted,
      String text,
      List<Integer> tokens,
      EngineEvent.EndOfSequence end) {
    public EngineEvent.Finished finished() {
      assertThat(end).isInstanceOf(EngineEvent.Finished.class);
      return (EngineEvent.Finished) end;
    }
  }

  public EngineHarness(Function<Vertx, EngineLauncher> launcher) {
    CompletableFuture<Engine> launched = new CompletableFuture<>();
    context.runOnContext(ignored -> launched.complete(launcher.apply(vertx).launch(events::add)));
    this.engine = launched.join();
  }

  public Engine engine() {
    return engine;
  }

  public void onContext(Consumer<Engine> action) {
    context.runOnContext(ignored -> action.accept(engine));
  }

  public EngineEvent next() {
    try {
      EngineEvent event = events.poll(WINDOW_SECONDS, TimeUnit.SECONDS);
      assertThat(event).as("an event within %d s", WINDOW_SECONDS).isNotNull();
      return event;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  public <T extends EngineEvent> T next(Class<T> type) {
    EngineEvent event = next();
    assertThat(event).isInstanceOf(type);
    return type.cast(event);
  }

  /** Skips events until one of that type. */
  public <T extends EngineEvent> T await(Class<T> type) {
    while (true) {
      EngineEvent event = next();
      if (type.isInstance(event)) {
        return type.cast(event);
      }
      assertThat(event).isNotInstanceOf(EngineEvent.Lost.class);
    }
  }

  public boolean silent() {
    return events.isEmpty();
  }

  public long nextId() {
    return ids.incrementAndGet();
  }

  /** Opens a sequence and waits for its end. */
  public Completion complete(SequenceRequest request) {
    onContext(engine -> engine.open(request));
    return collect(request.id());
  }

  public Completion collect(long id) {
    EngineEvent.Accepted accepted = next(EngineEvent.Accepted.class);
    assertThat(accepted.sequenceId()).isEqualTo(id);
    StringBuilder text = new StringBuilder();
    List<Integer> tokens = new ArrayList<>();
    while (true) {
      switch (next(EngineEvent.OfSequence.class)) {
        case EngineEvent.Piece piece -> {
          text.append(piece.text());
          piece.tokens().forEach(token -> tokens.add(token.id()));
        }
        case EngineEvent.PromptScored unasked -> throw new AssertionError(unasked);
        case EngineEvent.EndOfSequence end -> {
          return new Completion(accepted, text.toString(), tokens, end);
        }
        case EngineEvent.Accepted twice -> throw new AssertionError("accepted twice: " + twice);
      }
    }
  }

  public SequenceRequest text(String prompt, int maxTokens) {
    return request(
        List.of(new PromptSegment.Text(prompt)), Sampling.greedy(), maxTokens, List.of());
  }

  public SequenceRequest request(
      List<PromptSegment> prompt, Sampling sampling, int maxTokens, List<String> stops) {
    return new SequenceRequest(
        nextId(),
        prompt,
        true,
        sampling,
        maxTokens,
        stops,
        List.of(),
        true,
        OptionalInt.empty(),
        0,
        Emitted.NOTHING,
        7,
        "",
        PromptScoring.NONE,
        Priority.INTERACTIVE);
  }

  public static Sampling sampled(long seed) {
    return new Sampling(0.9, 40, 0.95, 0.01, 0.98, 1.1, 64, 0.1, 0.1, Map.of(5, -3f), seed);
  }

  @Override
  public void close() {
    onContext(e -> e.kill("the test is over"));
    vertx.close().await();
  }
}
