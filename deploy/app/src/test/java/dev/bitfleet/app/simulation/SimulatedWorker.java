package dev.bitfleet.app.simulation;

import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.EngineChoice;
import dev.bitfleet.worker.Worker;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.model.ControlTokens;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.Renderer;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A node with one worker, the real one. It can be killed, and comes back under its name. */
final class SimulatedWorker {
  private static final SupervisionSettings SUPERVISION =
      new SupervisionSettings(
          Duration.ofSeconds(2),
          Duration.ofSeconds(1),
          Duration.ofMillis(200),
          Duration.ofMillis(600),
          Duration.ofMillis(100),
          Duration.ofSeconds(1),
          Duration.ofSeconds(2),
          6,
          Duration.ofSeconds(2),
          Duration.ofSeconds(5),
          Duration.ofSeconds(5));

  private static final ModelFile MODEL =
      new ModelFile(
          Path.of("m.gguf"),
          World.MODEL,
          "simulated",
          OptionalInt.of(SimulatedEngine.CONTEXT),
          Optional.empty(),
          new ControlTokens(Map.of(), "", ""),
          0);

  private final World world;
  private final String id;
  private final int slots;
  private @Nullable Life life;

  SimulatedWorker(World world, String id, int slots) {
    this.world = world;
    this.id = id;
    this.slots = slots;
  }

  String id() {
    return id;
  }

  int slots() {
    return slots;
  }

  boolean runs() {
    return life != null;
  }

  /** Streams that hold a slot. */
  int openStreams() {
    return life == null ? 0 : life.worker.openStreams();
  }

  /** Whether its engine has that prompt. */
  boolean computes(String prompt) {
    return life != null && life.engine != null && life.engine.computes(prompt);
  }

  void start() {
    Life born = new Life();
    life = born;
    born.worker.start();
  }

  /** What {@code kill -9} does to the whole node. */
  void die() {
    if (life != null) {
      world.trace(id, "dies");
      life.over = true;
      life = null;
    }
  }

  void engineDies() {
    if (life != null && life.engine != null) {
      world.trace(id, "its engine dies");
      life.engine.die("killed");
    }
  }

  void engineStands() {
    if (life != null && life.engine != null) {
      world.trace(id, "its engine stands still");
      life.engine.stand();
    }
  }

  // ---- what arrives ----------------------------------------------------------------------------

  void open(GenerationRequest request, Consumer<OpenReply> asker) {
    if (life != null) {
      world.trace(
          id,
          () ->
              "is asked for "
                  + request.streamId()
                  + request.continuation().map(c -> " after " + c.emitted().size()).orElse(""));
      life.worker.open(request, asker);
      check();
    }
  }

  void cancel(String streamId) {
    if (life != null) {
      world.trace(id, () -> "is to cancel " + streamId);
      life.worker.cancel(streamId);
    }
  }

  void hear(PromptNote note) {
    if (life != null) {
      life.worker.hear(note);
    }
  }

  private void check() {
    if (openStreams() > slots) {
      world.violated(id + " has " + openStreams() + " streams in " + slots + " slots");
    }
    if (life != null && life.told == slots && openStreams() < slots) {
      world.violated(id + " has told that it is full, and not that it no longer is");
    }
  }

  /** From its start to its death; what is planned for a life that is over does not happen. */
  private final class Life implements Worker.Surroundings {
    private final Worker worker;
    private boolean over;
    private @Nullable SimulatedEngine engine;

    /** Streams that its last heartbeat told of. */
    private int told;

    Life() {
      int told = world.has(Flaw.ONE_SLOT_TOO_MANY) ? slots + 1 : slots;
      worker =
          new Worker(
              new WorkerOptions(
                  id,
                  "node-" + id,
                  World.MODEL,
                  Path.of("m.gguf"),
                  EngineChoice.BUILTIN,
                  Optional.empty(),
                  List.of(),
                  1,
                  told,
                  SimulatedEngine.CONTEXT,
                  Path.of("."),
                  Duration.ofMillis(400),
                  Duration.ofSeconds(2),
                  SUPERVISION),
              this);
    }

    private Runnable alive(Runnable action) {
      return () -> {
        if (!over) {
          action.run();
          check();
        }
      };
    }

    @Override
    public long now() {
      return world.now();
    }

    @Override
    public long wallMillis() {
      return World.BEGAN_MILLIS + world.now() / VirtualTime.MILLI;
    }

    @Override
    public long after(long millis, Runnable action) {
      return world.in(millis * VirtualTime.MILLI, alive(action));
    }

    @Override
    public long every(long millis, Runnable action) {
      return world.every(millis * VirtualTime.MILLI, () -> !over, alive(action));
    }

    @Override
    public void cancel(long timer) {
      world.cancel(timer);
    }

    @Override
    public Future<Worker.Parts> read() {
      Promise<Worker.Parts> read = Promise.promise();
      after(
          20,
          () ->
              read.complete(
                  new Worker.Parts(
                      MODEL,
                      events -> {
                        SimulatedEngine launched =
                            new SimulatedEngine(
                                world, slots, event -> alive(() -> events.accept(event)).run());
                        engine = launched;
                        return launched;
                      },
                      "I2_S")));
      return read.future();
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
          Promise<List<PromptSegment>> laidOut = Promise.promise();
          after(
              1 + world.random().nextInt(30),
              () -> laidOut.complete(List.of(new PromptSegment.Text(text(chat)))));
          return laidOut.future();
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void publish(WorkerHeartbeat heartbeat) {
      boolean freed = told == slots && heartbeat.openSequences() < slots;
      if (freed && world.has(Flaw.FREED_SLOTS_ARE_NOT_TOLD)) {
        return;
      }
      told = heartbeat.openSequences();
      world.publish(id, heartbeat);
    }

    @Override
    public void publish(PromptNote note) {
      world.publish(id, note);
    }

    @Override
    public void send(String inbox, GenerationEvent event) {
      for (GenerationEvent each : world.tampered(event)) {
        world.sendEvent(id, inbox, each);
      }
    }
  }

  /** A chat as it is laid out here. */
  static String text(Prompt.Chat chat) {
    return chat.messages().stream().map(each -> each.content()).collect(Collectors.joining("\n"));
  }
}
