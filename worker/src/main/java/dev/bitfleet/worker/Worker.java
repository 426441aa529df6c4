package dev.bitfleet.worker;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.Renderer;
import dev.bitfleet.worker.supervise.EngineSupervisor;
import dev.bitfleet.worker.supervise.PromptHash;
import dev.bitfleet.worker.supervise.Quarantine;
import dev.bitfleet.worker.time.Timers;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.nio.file.NoSuchFileException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker, but for the bus, the clock and the files, which are its {@link Surroundings}: owns
 * the supervised engine, and the desks where work for it arrives, {@link StreamDesk} and {@link
 * EmbeddingDesk}. It wakes the engine when somebody asks for its model and stops it when nobody
 * does, tells the fleet how it is, and drains before it ends. One thread: the event loop of {@link
 * WorkerVerticle}, or a simulation's.
 *
 * <p>A model file that cannot be used makes the worker FAILED and not its deployment: the fleet
 * hears why, and the file is looked at again from time to time.
 */
public final class Worker {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

  /**
   * A next turn may come to another gateway soon. Told more often, a fleet's heartbeats would weigh
   * more than what they save.
   */
  private static final long HELD_TOLD_WITHIN_MILLIS = 500;

  /** So that a worker of few slots, which is full with each request, is not all heartbeats. */
  private static final long FULL_TOLD_WITHIN_MILLIS = 10;

  /** So that one of many short streams is not all heartbeats. */
  private static final long ANSWER_TOLD_EVERY_MILLIS = 50;

  /** All that a worker knows of the world. What comes from there is told to it. */
  public interface Surroundings extends Timers {
    /** Reads the model file. */
    Future<Parts> read();

    /** What lays out that model's chats. */
    Renderer renderer(ModelFile model);

    /** To every gateway. */
    void publish(WorkerHeartbeat heartbeat);

    /** To the other workers. */
    void publish(PromptNote note);

    /** To the gateway that has the stream. */
    void send(String inbox, GenerationEvent event);
  }

  /** What the model file says, and what can run it. */
  public record Parts(ModelFile model, EngineLauncher launcher, String quantization) {}

  private final WorkerOptions options;
  private final Surroundings world;
  private final Suspects suspects;
  private final StreamDesk streams;
  private final EmbeddingDesk embeddings;
  private final Pulse pulse;
  private final IdleClock idle;
  private Optional<Serving> serving = Optional.empty();
  private boolean asleep;
  private boolean withheld;
  private long beatDueMillis = Long.MAX_VALUE;
  private long lastBeatMillis;
  private Future<Void> stopped = Future.succeededFuture();
  private String setupProblem = "";
  private boolean chat;
  private @Nullable Promise<Void> drained;
  private long heartbeatTimer = -1;

  public Worker(WorkerOptions options, Surroundings world) {
    this.options = options;
    this.world = world;
    this.suspects = new Suspects(options, this::fingerprint, world::publish, world::now);
    this.streams = new StreamDesk(options, suspects, new StreamSurroundings());
    this.embeddings =
        new EmbeddingDesk(
            options, suspects, this::openPrompts, this::asked, this::signalWhenDrained);
    this.pulse = new Pulse(options, world.wallMillis());
    this.idle = new IdleClock(options.offer().keepAlive());
    this.withheld = options.offer().withheld();
  }

  /** Reads the model file, starts the engine, and begins to tell of it. */
  public void start() {
    heartbeatTimer = world.every(options.heartbeatInterval().toMillis(), this::onBeat);
    setUp();
  }

  /** Lets open streams end within the drain timeout, fails the rest, and kills the engine. */
  public Future<?> stop() {
    Promise<Void> done = draining();
    long timer = world.after(options.drainTimeout().toMillis(), done::tryComplete);
    return done.future()
        .compose(
            ignored -> {
              world.cancel(timer);
              streams.failAll(FailureCause.WORKER_STOPPING, "the worker stops");
              embeddings.close();
              return halt();
            })
        .onComplete(ignored -> world.cancel(heartbeatTimer));
  }

  // ---- what comes from the bus -----------------------------------------------------------------

  /**
   * A gateway wants a stream.
   *
   * @param asker gets the one reply
   */
  public void open(GenerationRequest request, Consumer<OpenReply> asker) {
    streams.open(request, asker);
  }

  /**
   * A gateway wants embeddings.
   *
   * @param asker gets the one reply
   */
  public void embed(EmbedRequest request, Consumer<EmbedReply> asker) {
    embeddings.take(request, asker);
  }

  /** Nobody wants that stream, or those embeddings, any more. */
  public void cancel(String id) {
    embeddings.cancel(id);
    streams.cancel(id);
  }

  /** A node has left the fleet: its gateway's streams are nobody's any more. */
  public void nodeLeft(String nodeId) {
    streams.cancelAllOf(BusAddresses.inbox(nodeId));
  }

  /** A worker tells something of prompts. */
  public void hear(PromptNote note) {
    suspects.hear(note);
  }

  /** Takes nothing more on; done when all that is here is over. */
  public Future<Void> drain() {
    return draining().future();
  }

  /** It is no longer withheld from gateways. */
  public void offer() {
    withheld = false;
    idle.used(world.now());
    heartbeat();
  }

  /** What there is to ask about text; empty while it stops or has no model. */
  Optional<Serving> askedAboutText() {
    if (drained != null) {
      return Optional.empty();
    }
    asked();
    return serving;
  }

  /** Streams that hold a slot. */
  public int openStreams() {
    return streams.streams();
  }

  // ---- ending ----------------------------------------------------------------------------------

  private Promise<Void> draining() {
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

  private void onBeat() {
    boolean ready = !asleep && state() == WorkerHeartbeat.State.READY;
    int open = embeddings.idle() ? streams.streams() : streams.streams() + 1;
    if (ready && idle.over(open, world.now())) {
      asleep = true;
      LOG.info("worker {} is unused; its engine stops until somebody asks", options.workerId());
      var unused = halt();
    }
    heartbeat();
  }

  /** Somebody wants this worker's model. */
  private void asked() {
    wake();
    idle.used(world.now());
  }

  /** Starts the engine again, if it idles. */
  public void wake() {
    if (!asleep || drained != null) {
      return;
    }
    asleep = false;
    idle.used(world.now());
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

  private void setUp() {
    world.read().onComplete(this::begin, this::setUpLater);
  }

  private void begin(Parts parts) {
    if (drained != null) {
      return;
    }
    Renderer renderer = world.renderer(parts.model());
    EngineSupervisor supervisor =
        new EngineSupervisor(
            world, parts.launcher(), options.supervision(), new SupervisorListener());
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
    world.after(
        options.supervision().slowRetry().toMillis(),
        () -> {
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
      Worker.this.asked();
      return serving;
    }

    @Override
    public Collection<PromptHash> openPrompts() {
      return Worker.this.openPrompts();
    }

    @Override
    public void released(boolean awaited) {
      idle.used(world.now());
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

    /**
     * A client's next turn may come at once, to another gateway: that one should hear of this turn
     * before the client hears of its end. Of a stream that lasted it has.
     */
    @Override
    public void answered() {
      if (beatDueMillis == Long.MAX_VALUE) {
        return;
      }
      long pause = lastBeatMillis + ANSWER_TOLD_EVERY_MILLIS - nowMillis();
      if (pause <= 0) {
        heartbeat();
      } else {
        tellWithin(pause);
      }
    }

    @Override
    public void send(String inbox, GenerationEvent event) {
      world.send(inbox, event);
    }
  }

  // ---- heartbeats ----------------------------------------------------------------------------

  /** Something has changed that the fleet should hear of before the next regular heartbeat. */
  private void tellWithin(long millis) {
    long due = nowMillis() + millis;
    if (due < beatDueMillis) {
      beatDueMillis = due;
      world.after(
          millis,
          () -> {
            if (beatDueMillis == due) {
              heartbeat();
            }
          });
    }
  }

  private long nowMillis() {
    return TimeUnit.NANOSECONDS.toMillis(world.now());
  }

  private void heartbeat() {
    beatDueMillis = Long.MAX_VALUE;
    lastBeatMillis = nowMillis();
    WorkerHeartbeat.State now = state();
    // Before it is prepared, and once it is taken back, a withheld model is one nobody may wait
    // for.
    boolean shown = !withheld || now == WorkerHeartbeat.State.PREPARED;
    world.publish(
        pulse.next(now, serving, shown, chat, streams.streams(), detail(), streams.held()));
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
                  case READY ->
                      withheld ? WorkerHeartbeat.State.PREPARED : WorkerHeartbeat.State.READY;
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
