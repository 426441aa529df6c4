package dev.bitfleet.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptChain;
import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Sampling;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.IdleEngine;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.model.ControlTokens;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.Renderer;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When a worker says what it holds, over a clock of the test's own. */
class ToldInTimeTest {
  private static final int CONTEXT = 1 << 20;

  /** Heartbeats and events in the order in which they were sent. */
  private final List<Object> said = new ArrayList<>();

  private final Clock clock = new Clock();
  private final Worker worker = new Worker(options(), clock);

  @BeforeEach
  void ready() {
    worker.start();
    clock.engine.accept(
        new EngineEvent.Ready(
            new EngineDescription(
                "1", "none", 1, 4, CONTEXT, "none", 16, "0123456789abcdef", 1, 1, List.of())));
    completeOpened(); // The supervisor's probe.
    clock.pass(1000);
    said.clear();
  }

  @Test
  void what_a_short_stream_leaves_is_told_before_its_end() {
    Prompt prompt = prompt(1);

    stream(1, prompt);

    long link = PromptChain.of(prompt, 0).link(0);
    assertThat(said).hasSize(2);
    assertThat(((WorkerHeartbeat) said.getFirst()).prefixes().mayHold(link)).isTrue();
    assertThat(said.getLast()).isInstanceOf(GenerationEvent.Finished.class);
  }

  @Test
  void many_short_streams_are_not_all_heartbeats() {
    for (int i = 1; i <= 100; i++) {
      stream(i, prompt(i));
      clock.pass(9);
    }
    clock.pass(1000);

    // A second of them, one heartbeat in fifty milliseconds.
    List<WorkerHeartbeat> heartbeats =
        said.stream()
            .filter(WorkerHeartbeat.class::isInstance)
            .map(WorkerHeartbeat.class::cast)
            .toList();
    assertThat(heartbeats).hasSizeBetween(15, 21);
    assertThat(heartbeats.getLast().prefixes().mayHold(PromptChain.of(prompt(100), 0).link(0)))
        .isTrue();
  }

  /** Asked, accepted and ended within a millisecond. */
  private void stream(long number, Prompt prompt) {
    worker.open(
        new GenerationRequest(
            "s" + number,
            "inbox",
            "m",
            prompt,
            Sampling.greedy(),
            1,
            List.of(),
            false,
            OptionalInt.empty(),
            0,
            0,
            "",
            PromptScoring.NONE,
            Priority.INTERACTIVE,
            Optional.empty()),
        reply -> {});
    completeOpened();
  }

  private void completeOpened() {
    clock.engine.accept(new EngineEvent.Accepted(clock.opened, 500, 0));
    clock.pass(1);
    clock.engine.accept(
        new EngineEvent.Finished(
            clock.opened, FinishReason.LENGTH, "", new Usage(500, 0, 1), 1, 1));
  }

  /** Long enough to be told of. */
  private static Prompt prompt(int number) {
    return new Prompt.Text(number + " and on".repeat(300));
  }

  private static WorkerOptions options() {
    return new WorkerOptions(
        "w",
        "node",
        "m",
        Path.of("m.gguf"),
        EngineChoice.BUILTIN,
        Optional.empty(),
        List.of(),
        1,
        4,
        CONTEXT,
        Path.of("."),
        Duration.ofHours(1),
        Duration.ofSeconds(1),
        SupervisionSettings.DEFAULTS);
  }

  /** The world, without anybody in it. */
  private final class Clock implements Worker.Surroundings {
    private record Due(long millis, long id, Runnable action) {}

    private final PriorityQueue<Due> due =
        new PriorityQueue<>(Comparator.comparingLong(Due::millis).thenComparingLong(Due::id));
    private final Map<Long, Runnable> repeated = new HashMap<>();
    private long millis = 1;
    private long ids;
    private long opened;
    private Consumer<EngineEvent> engine = event -> {};

    void pass(long time) {
      long until = millis + time;
      while (!due.isEmpty() && due.peek().millis() <= until) {
        Due next = due.remove();
        millis = next.millis();
        next.action().run();
      }
      millis = until;
    }

    @Override
    public long now() {
      return millis * 1_000_000;
    }

    @Override
    public long wallMillis() {
      return millis;
    }

    @Override
    public long after(long pause, Runnable action) {
      due.add(new Due(millis + pause, ++ids, action));
      return ids;
    }

    @Override
    public long every(long pause, Runnable action) {
      long id = ++ids;
      repeated.put(
          id,
          () -> {
            if (repeated.containsKey(id)) {
              due.add(new Due(millis + pause, id, repeated.get(id)));
              action.run();
            }
          });
      due.add(new Due(millis + pause, id, repeated.get(id)));
      return id;
    }

    @Override
    public void cancel(long id) {
      repeated.remove(id);
      due.removeIf(each -> each.id() == id);
    }

    @Override
    public Future<Worker.Parts> read() {
      return Future.succeededFuture(
          new Worker.Parts(
              new ModelFile(
                  Path.of("m.gguf"),
                  "m",
                  "none",
                  OptionalInt.of(CONTEXT),
                  Optional.empty(),
                  new ControlTokens(Map.of(), "", ""),
                  0),
              events -> {
                engine = events;
                return new SilentEngine(this);
              },
              "I2_S"));
    }

    @Override
    public Renderer renderer(ModelFile model) {
      return new Renderer() {
        @Override
        public Future<Void> ready() {
          return Future.succeededFuture();
        }

        @Override
        public Future<List<PromptSegment>> layOut(Prompt.Chat chat) {
          return Future.failedFuture("nobody chats here");
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void publish(WorkerHeartbeat heartbeat) {
      said.add(heartbeat);
    }

    @Override
    public void publish(PromptNote note) {}

    @Override
    public void send(String inbox, GenerationEvent event) {
      said.add(event);
    }
  }

  /** The test says what it says. */
  private static final class SilentEngine extends IdleEngine {
    private final Clock clock;

    SilentEngine(Clock clock) {
      this.clock = clock;
    }

    @Override
    public void open(SequenceRequest request) {
      clock.opened = request.id();
    }

    @Override
    public void ping() {
      clock.engine.accept(new EngineEvent.Pong(0, 0));
    }

    @Override
    public Duration longestStep() {
      return Duration.ofSeconds(1);
    }
  }
}
