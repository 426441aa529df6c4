package dev.bitfleet.worker;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.WorkerCall;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.home.ModelFacts;
import dev.bitfleet.worker.model.ChatRenderer;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.supervise.EngineSupervisor;
import dev.bitfleet.worker.supervise.PromptHash;
import dev.bitfleet.worker.supervise.Quarantine;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker: owns the supervised engine, and the desks where work for it arrives from the bus:
 * {@link StreamDesk}, {@link EmbeddingDesk} and {@link TextDesk}. It wakes the engine when somebody
 * asks for its model and stops it when nobody does, tells the fleet how it is, and drains before it
 * ends. Deployed once per engine; everything here runs on its event loop.
 *
 * <p>A model file that cannot be used makes the worker FAILED and not its deployment: the fleet
 * hears why, and the file is looked at again from time to time.
 */
public final class WorkerVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerVerticle.class);

  /**
   * A next turn may come to another gateway soon. Told more often, a fleet's heartbeats would weigh
   * more than what they save.
   */
  private static final long HELD_TOLD_WITHIN_MILLIS = 500;

  /** So that a worker of few slots, which is full with each request, is not all heartbeats. */
  private static final long FULL_TOLD_WITHIN_MILLIS = 10;

  private final WorkerOptions options;
  private final Suspects suspects;
  private final StreamDesk streams;
  private final EmbeddingDesk embeddings;
  private final Pulse pulse;
  private final IdleClock idle;
  private Optional<Serving> serving = Optional.empty();
  private boolean asleep;
  private long beatDueMillis = Long.MAX_VALUE;
  private Future<Void> stopped = Future.succeededFuture();
  private String setupProblem = "";
  private boolean chat;
  private @Nullable Promise<Void> drained;
  private long heartbeatTimer = -1;
  private @Nullable MessageConsumer<CancelGeneration> cancels;
  private @Nullable MessageConsumer<PromptNote> notes;
  private @Nullable MessageConsumer<TextRequest> questions;
  private @Nullable MessageConsumer<WorkerCall> calls;

  public WorkerVerticle(WorkerOptions options) {
    this.options = options;
    this.suspects =
        new Suspects(
            options,
            this::fingerprint,
            note -> vertx.eventBus().publish(BusAddresses.PROMPTS, note));
    this.streams = new StreamDesk(options, suspects, new StreamSurroundings());
    this.embeddings =
        new EmbeddingDesk(
            options, suspects, this::openPrompts, this::asked, this::signalWhenDrained);
    this.pulse = new Pulse(options);
    this.idle = new IdleClock(options.offer().keepAlive());
  }

  @Override
  public Future<?> start() {
    cancels =
        vertx
            .eventBus()
            .consumer(
                BusAddresses.cancel(options.workerId()),
                message -> {
                  embeddings.cancel(message.body().streamId());
                  streams.cancel(message.body().streamId());
                });
    notes =
        vertx.eventBus().consumer(BusAddresses.PROMPTS, message -> suspects.hear(message.body()));
    questions = new TextDesk(vertx, options, this::askedAboutText).open();
    calls = vertx.eventBus().consumer(BusAddresses.call(options.workerId()), this::onCall);
    heartbeatTimer = vertx.setPeriodic(options.heartbeatInterval().toMillis(), ignored -> onBeat());
    setUp();
    return Future.join(
        streams.open(vertx.eventBus()),
        cancels.completion(),
        notes.completion(),
        questions.completion(),
        calls.completion(),
        embeddings.open(vertx.eventBus()));
  }

  /** Lets open streams end within the drain timeout, fails the rest, and kills the engine. */
  @Override
  public Future<?> stop() {
    Promise<Void> done = drain();
    long timer = vertx.setTimer(options.drainTimeout().toMillis(), ignored -> done.tryComplete());
    return done.future()
        .compose(
            ignored -> {
              vertx.cancelTimer(timer);
              streams.failAll(FailureCause.WORKER_STOPPING, "the worker stops");
              return Future.join(embeddings.close(), halt());
            })
        .onComplete(ignored -> vertx.cancelTimer(heartbeatTimer))
        .compose(
            ignored ->
                Future.join(
                    streams.close(),
                    unregister(cancels),
                    unregister(notes),
                    unregister(questions),
                    unregister(calls)));
  }

  private static Future<Void> unregister(@Nullable MessageConsumer<?> consumer) {
    return consumer == null ? Future.succeededFuture() : consumer.unregister();
  }

  private Promise<Void> drain() {
    Promise<Void> promise = drained;
    if (promise == null) {
      promise = Promise.promise();
      drained = promise;
      embeddings.drain();
      heartbeat();
      signalWhenDrained();
    }
    return promise;
  }

  private void signalWhenDrained() {
    if (drained != null && streams.streams() == 0 && embeddings.idle()) {
      drained.tryComplete();
    }
  }

  /** Ends the engine and lets go of what was read from the model file. */
  private Future<Void> halt() {
    Optional<Serving> ended = serving;
    serving = Optional.empty();
    chat = false;
    streams.forgetHeld();
    embeddings.rest();
    ended.ifPresent(s -> s.renderer().close());
    stopped = ended.map(s -> s.supervisor().stop()).orElse(stopped);
    return stopped;
  }

  // ---- idling ----------------------------------------------------------------------------------

  private void onCall(Message<WorkerCall> message) {
    switch (message.body()) {
      case WAKE -> {
        wake();
        message.reply(WorkerCall.WAKE);
      }
      case DRAIN -> drain().future().onComplete(ignored -> message.reply(WorkerCall.DRAIN));
    }
  }

  private void onBeat() {
    boolean ready = !asleep && state() == WorkerHeartbeat.State.READY;
    int open = embeddings.idle() ? streams.streams() : streams.streams() + 1;
    if (ready && idle.over(open, System.nanoTime())) {
      asleep = true;
      LOG.info("worker {} is unused; its engine stops until somebody asks", options.workerId());
      var unused = halt();
    }
    heartbeat();
  }

  private Optional<Serving> askedAboutText() {
    if (drained != null) {
      return Optional.empty();
    }
    asked();
    return serving;
  }

  /** Somebody wants this worker's model. */
  private void asked() {
    wake();
    idle.used(System.nanoTime());
  }

  private void wake() {
    if (!asleep || drained != null) {
      return;
    }
    asleep = false;
    idle.used(System.nanoTime());
    heartbeat();
    // Both at once might not fit into memory.
    stopped.onComplete(
        ignored -> {
          if (drained == null && !asleep) {
            setUp();
          }
        });
  }

  // ---- setting up ------------------------------------------------------------------------------

  private record Parts(ModelFile model, EngineLauncher launcher, String quantization) {}

  private void setUp() {
    vertx
        .executeBlocking(
            () -> {
              ModelFile model = ModelFile.read(options.modelFile());
              return new Parts(
                  model,
                  EngineLaunchers.create(vertx, options, model),
                  ModelFacts.read(options.modelFile()).quantization());
            })
        .onComplete(this::begin, this::setUpLater);
  }

  private void begin(Parts parts) {
    if (drained != null) {
      return;
    }
    ChatRenderer renderer = new ChatRenderer(vertx, parts.model());
    EngineSupervisor supervisor =
        new EngineSupervisor(
            vertx, parts.launcher(), options.supervision(), new SupervisorListener());
    serving = Optional.of(new Serving(parts.model(), parts.quantization(), renderer, supervisor));
    setupProblem = "";
    renderer
        .ready()
        .onComplete(
            ignored -> {
              chat = true;
              heartbeat();
            },
            problem -> LOG.warn("worker {} serves no chats: {}", options.workerId(), problem));
    embeddings.serve(supervisor);
    supervisor.start();
    heartbeat();
  }

  private void setUpLater(Throwable problem) {
    if (drained != null) {
      return;
    }
    setupProblem =
        problem instanceof NoSuchFileException
            ? "there is no such file: " + options.modelFile()
            : Optional.ofNullable(problem.getMessage()).orElseGet(problem::toString);
    LOG.error(
        "worker {} cannot serve {}: {}", options.workerId(), options.modelFile(), setupProblem);
    heartbeat();
    vertx.setTimer(
        options.supervision().slowRetry().toMillis(),
        ignored -> {
          if (drained == null && !asleep) {
            setUp();
          }
        });
  }

  // ---- between engine and desks ----------------------------------------------------------------

  private String fingerprint() {
    return serving
        .flatMap(s -> s.supervisor().description())
        .map(EngineDescription::fingerprint)
        .orElse("");
  }

  private List<PromptHash> openPrompts() {
    return Stream.concat(streams.openPrompts().stream(), embeddings.openPrompts().stream())
        .toList();
  }

  private final class SupervisorListener implements EngineSupervisor.Listener {
    @Override
    public void changed() {
      heartbeat();
    }

    @Override
    public void onSequence(EngineEvent.OfSequence event) {
      streams.on(event);
    }

    @Override
    public void onEmbedding(EngineEvent.OfEmbedding event) {
      embeddings.on(event);
    }

    @Override
    public void engineLost(String cause) {
      suspects.engineLost(
          Stream.concat(
                  streams.openCompletions().stream(),
                  embeddings.openPrompts().stream()
                      .map(prompt -> new Quarantine.Open(prompt, 0, true)))
              .toList());
      streams.forgetHeld();
      embeddings.engineLost(cause);
      streams.failAll(FailureCause.ENGINE_LOST, cause);
    }
  }

  private final class StreamSurroundings implements StreamDesk.Surroundings {
    @Override
    public boolean draining() {
      return drained != null;
    }

    @Override
    public Optional<Serving> serving() {
      return serving;
    }

    @Override
    public Optional<Serving> asked() {
      WorkerVerticle.this.asked();
      return serving;
    }

    @Override
    public Collection<PromptHash> openPrompts() {
      return WorkerVerticle.this.openPrompts();
    }

    @Override
    public void released(boolean awaited) {
      idle.used(System.nanoTime());
      if (awaited) {
        heartbeat();
      }
    }

    @Override
    public void ended() {
      signalWhenDrained();
    }

    @Override
    public void full() {
      tellWithin(FULL_TOLD_WITHIN_MILLIS);
    }

    @Override
    public void holdsOther() {
      tellWithin(HELD_TOLD_WITHIN_MILLIS);
    }

    @Override
    public void send(String inbox, GenerationEvent event) {
      vertx.eventBus().send(inbox, event);
    }
  }

  // ---- heartbeats ----------------------------------------------------------------------------

  /** Something has changed that the fleet should hear of before the next regular heartbeat. */
  private void tellWithin(long millis) {
    long due = TimeUnit.NANOSECONDS.toMillis(System.nanoTime()) + millis;
    if (due < beatDueMillis) {
      beatDueMillis = due;
      vertx.setTimer(
          millis,
          ignored -> {
            if (beatDueMillis == due) {
              heartbeat();
            }
          });
    }
  }

  private void heartbeat() {
    beatDueMillis = Long.MAX_VALUE;
    vertx
        .eventBus()
        .publish(
            BusAddresses.HEARTBEATS,
            pulse.next(state(), serving, chat, streams.streams(), detail(), streams.held()));
  }

  private WorkerHeartbeat.State state() {
    if (drained != null) {
      return WorkerHeartbeat.State.DRAINING;
    }
    if (asleep) {
      return WorkerHeartbeat.State.IDLE;
    }
    if (!setupProblem.isEmpty()) {
      return WorkerHeartbeat.State.FAILED;
    }
    return serving
        .map(
            s ->
                switch (s.supervisor().state()) {
                  case STARTING -> WorkerHeartbeat.State.STARTING;
                  case READY -> WorkerHeartbeat.State.READY;
                  case RESTARTING -> WorkerHeartbeat.State.RESTARTING;
                  case FAILED -> WorkerHeartbeat.State.FAILED;
                })
        .orElse(WorkerHeartbeat.State.STARTING);
  }

  private String detail() {
    return setupProblem.isEmpty()
        ? serving.map(s -> s.supervisor().detail()).orElse("")
        : setupProblem;
  }
}
