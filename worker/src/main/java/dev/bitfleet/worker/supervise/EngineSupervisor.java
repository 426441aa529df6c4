package dev.bitfleet.worker.supervise;

import dev.bitfleet.worker.engine.EmbeddingRequest;
import dev.bitfleet.worker.engine.Engine;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.time.Timers;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one engine alive: starts it, waits for a real token, watches its steps, kills it when it
 * stands still, starts it again. One life at a time, all on one event loop context.
 *
 * <pre>
 *   launch → LOADING → (Ready) → PROBING → (first token) → SERVING
 *              ↑                                             │
 *              └───────── WAITING ←──────── (Lost) ──────────┘      stop → STOPPED
 * </pre>
 */
public final class EngineSupervisor {
  private static final Logger LOG = LoggerFactory.getLogger(EngineSupervisor.class);
  // Sequence ids of clients count up from 1; each life has one probe.
  private static final long PROBE_SEQUENCE = Long.MAX_VALUE;
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(6);

  /** What the worker is told. */
  public interface Listener {
    /** {@link #state}, {@link #detail} or the pid changed. */
    void changed();

    /** An event of a client's sequence. */
    void onSequence(EngineEvent.OfSequence event);

    /** An answer to a text. */
    void onEmbedding(EngineEvent.OfEmbedding event);

    /**
     * The process is gone, and every open sequence and text with it. Not called by {@link #stop}.
     */
    void engineLost(String cause);
  }

  /** What can be asked of the engine. */
  public enum State {
    STARTING,
    READY,
    RESTARTING,
    FAILED
  }

  private enum Phase {
    LOADING,
    PROBING,
    SERVING,
    WAITING,
    STOPPED
  }

  private final Timers timers;
  private final EngineLauncher launcher;
  private final SupervisionSettings settings;
  private final Listener listener;
  private final RestartPolicy policy;

  private Phase phase = Phase.WAITING;
  private State state = State.STARTING;
  private String detail = "";
  private int restarts;
  private long phaseSince;
  private long lastTick;
  private long timer = -1;
  private String loadFailure = "";
  private @Nullable Engine engine;
  private @Nullable EngineDescription description;
  private StallWatch watch;
  private final Promise<Void> gone = Promise.promise();

  public EngineSupervisor(
      Timers timers, EngineLauncher launcher, SupervisionSettings settings, Listener listener) {
    this.timers = timers;
    this.launcher = launcher;
    this.settings = settings;
    this.listener = listener;
    this.policy = new RestartPolicy(settings);
    this.watch = new StallWatch(settings.tick(), settings.stallWindow());
  }

  /** Starts the first life and the watch. */
  public void start() {
    lastTick = timers.now();
    timer = timers.every(settings.tick().toMillis(), this::tick);
    launch();
  }

  /** Kills the engine for good. Done when the process is gone, or after some seconds of waiting. */
  public Future<Void> stop() {
    if (phase == Phase.STOPPED) {
      return gone.future();
    }
    boolean running = phase != Phase.WAITING;
    phase = Phase.STOPPED;
    timers.cancel(timer);
    Engine running0 = engine;
    if (!running || running0 == null) {
      gone.tryComplete();
    } else {
      running0.kill("the worker stops");
      timers.after(STOP_PATIENCE.toMillis(), gone::tryComplete);
    }
    return gone.future();
  }

  public State state() {
    return state;
  }

  /** Why, in {@link State#RESTARTING} and {@link State#FAILED}; else empty. */
  public String detail() {
    return detail;
  }

  /** Lives that ended, since the start. */
  public int restarts() {
    return restarts;
  }

  /** 0 while no process runs. */
  public long pid() {
    return engine == null ? 0 : engine.pid();
  }

  /** Of the newest life that was ready. */
  public Optional<EngineDescription> description() {
    return Optional.ofNullable(description);
  }

  /**
   * Hands a sequence to the engine.
   *
   * @return false when there is no ready engine
   */
  public boolean open(SequenceRequest request) {
    if (state != State.READY || engine == null) {
      return false;
    }
    engine.open(request);
    return true;
  }

  /**
   * Hands a text to the engine.
   *
   * @return false when there is no ready engine
   */
  public boolean embed(EmbeddingRequest request) {
    if (state != State.READY || engine == null) {
      return false;
    }
    engine.embed(request);
    return true;
  }

  /** Gives a text up; does nothing without an engine. */
  public void cancelEmbedding(long requestId) {
    if (engine != null && phase == Phase.SERVING) {
      engine.cancelEmbedding(requestId);
    }
  }

  /** The engine to ask about text; empty while none is ready. */
  public Optional<Engine> serving() {
    return state == State.READY ? Optional.ofNullable(engine) : Optional.empty();
  }

  /** Ends a sequence early; does nothing without an engine. */
  public void cancel(long sequenceId) {
    if (engine != null && phase == Phase.SERVING) {
      engine.cancel(sequenceId);
    }
  }

  private void launch() {
    enter(Phase.LOADING);
    loadFailure = "";
    Life life = new Life();
    try {
      engine = launcher.launch(life::on);
    } catch (RuntimeException e) {
      // The machine is out of files or ports: as likely to pass as any other death.
      LOG.debug("an engine cannot be launched", e);
      life.on(new EngineEvent.Lost("cannot be started: " + e.getMessage(), List.of()));
    }
  }

  /** Events of a life that is over come to an object nobody looks at. */
  private final class Life {
    private boolean over;

    void on(EngineEvent event) {
      if (over) {
        return;
      }
      if (event instanceof EngineEvent.Lost lost) {
        over = true;
        lost(lost);
      } else if (phase != Phase.STOPPED) {
        onEvent(event);
      }
    }
  }

  private void onEvent(EngineEvent event) {
    switch (event) {
      case EngineEvent.Ready ready -> probe(ready.description());
      case EngineEvent.LoadFailed failed -> {
        loadFailure = failed.message() + " (" + failed.code() + ")";
        kill("its model cannot be loaded: " + loadFailure);
      }
      case EngineEvent.Pong pong -> watch.answered(pong.steps(), pong.openSequences());
      case EngineEvent.OfSequence of when of.sequenceId() == PROBE_SEQUENCE -> onProbe(of);
      case EngineEvent.OfSequence of -> {
        watch.progress();
        if (of instanceof EngineEvent.Finished finished && finished.whole()) {
          policy.served();
        }
        listener.onSequence(of);
      }
      case EngineEvent.OfEmbedding of when of.requestId() == PROBE_SEQUENCE -> onProbe(of);
      case EngineEvent.OfEmbedding of -> {
        watch.progress();
        if (of instanceof EngineEvent.Embedded) {
          policy.served();
        }
        listener.onEmbedding(of);
      }
      case EngineEvent.Lost lost -> throw new IllegalStateException("handled before: " + lost);
    }
  }

  private void probe(EngineDescription ready) {
    description = ready;
    ready.assumptions().forEach(assumption -> LOG.info("model file: {}", assumption));
    enter(Phase.PROBING);
    if (engine != null) {
      if (ready.embeddings().only()) {
        engine.embed(EmbeddingRequest.probe(PROBE_SEQUENCE));
      } else {
        engine.open(SequenceRequest.probe(PROBE_SEQUENCE));
      }
    }
    listener.changed();
  }

  private void onProbe(EngineEvent.OfSequence event) {
    switch (event) {
      case EngineEvent.Finished finished when finished.usage().completionTokens() > 0 -> proven();
      case EngineEvent.EndOfSequence end ->
          kill("it is loaded but does not compute a token: " + end);
      case EngineEvent.OfSequence ignored -> {}
    }
  }

  private void onProbe(EngineEvent.OfEmbedding event) {
    switch (event) {
      case EngineEvent.Embedded ignored -> proven();
      case EngineEvent.NotEmbedded not -> kill("it is loaded but embeds nothing: " + not);
    }
  }

  private void proven() {
    enter(Phase.SERVING);
    watch = new StallWatch(settings.tick(), settings.stallWindow());
    policy.ready(timers.now());
    become(State.READY, "");
    LOG.info("engine ready: pid {}, {}", pid(), description);
  }

  private void tick() {
    long now = timers.now();
    long elapsed = now - lastTick;
    lastTick = now;
    switch (phase) {
      case LOADING -> {
        if (now - phaseSince > settings.loadTimeout().toNanos()) {
          kill("it was not ready within " + settings.loadTimeout());
        }
      }
      case PROBING -> {
        if (now - phaseSince > settings.probeTimeout().toNanos()) {
          kill("it computed no token within " + settings.probeTimeout());
        }
      }
      case SERVING -> watchSteps(elapsed);
      case WAITING, STOPPED -> {}
    }
  }

  private void watchSteps(long elapsed) {
    Engine serving = engine;
    if (serving == null) {
      return;
    }
    if (watch.stalled(elapsed, serving.longestStep(), ProcessEffort.of(serving.pid()))) {
      kill("it stood still for " + watch.silence().toMillis() + " ms");
    } else {
      serving.ping();
    }
  }

  private void kill(String cause) {
    if (engine != null) {
      engine.kill(cause);
    }
  }

  private void lost(EngineEvent.Lost lost) {
    engine = null;
    if (phase == Phase.STOPPED) {
      gone.tryComplete();
      return;
    }
    LOG.warn(
        "engine lost: {}{}",
        lost.cause(),
        lost.stderrTail().isEmpty()
            ? ""
            : "; its last lines:\n  " + String.join("\n  ", lost.stderrTail()));
    restarts++;
    RestartPolicy.Verdict verdict =
        loadFailure.isEmpty() ? policy.lost(timers.now()) : policy.loadFailed();
    enter(Phase.WAITING);
    // First the state, so that whoever hears of the loss does not open anything here.
    state = verdict.failed() ? State.FAILED : State.RESTARTING;
    detail = loadFailure.isEmpty() ? lost.cause() : loadFailure;
    listener.engineLost(lost.cause());
    listener.changed();
    if (verdict.delay().isZero()) {
      launch();
    } else {
      timers.after(
          verdict.delay().toMillis(),
          () -> {
            if (phase == Phase.WAITING) {
              launch();
            }
          });
    }
  }

  private void become(State next, String why) {
    state = next;
    detail = why;
    listener.changed();
  }

  private void enter(Phase next) {
    phase = next;
    phaseSince = timers.now();
  }
}
