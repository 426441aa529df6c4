package dev.bitfleet.worker;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.WorkerCall;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineLauncher;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.home.ModelFacts;
import dev.bitfleet.worker.model.ChatRenderer;
import dev.bitfleet.worker.model.ChatTemplateException;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.slot.SlotTable;
import dev.bitfleet.worker.supervise.EngineSupervisor;
import dev.bitfleet.worker.supervise.PromptHash;
import dev.bitfleet.worker.supervise.Quarantine;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker: takes streams from the bus, gives each a slot, hands it to the supervised engine, and
 * sends what comes back to the stream's inbox. Deployed once per engine; everything here runs on
 * its event loop.
 *
 * <p>Order of a stream: request → slot → prompt laid out → engine → reply → deltas → one terminal
 * event, after which the slot is free. A stream whose engine is lost before the reply is answered
 * Busy, so that the gateway tries elsewhere; after it, Failed with {@link
 * FailureCause#ENGINE_LOST}.
 *
 * <p>A model file that cannot be used makes the worker FAILED and not its deployment: the fleet
 * hears why, and the file is looked at again from time to time.
 */
public final class WorkerVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerVerticle.class);

  private final WorkerOptions options;
  private final SlotTable<OpenStream> slots;
  private final Quarantine quarantine;
  private final EmbeddingDesk embeddings;

  private final IdleClock idle;
  private Optional<Serving> serving = Optional.empty();
  private Optional<ModelDescription> described = Optional.empty();
  private boolean asleep;
  private Future<Void> stopped = Future.succeededFuture();
  private String setupProblem = "";
  private boolean chat;
  private @Nullable Promise<Void> drained;
  private long heartbeats;
  private long heartbeatTimer = -1;
  private @Nullable MessageConsumer<GenerationRequest> opens;
  private @Nullable MessageConsumer<CancelGeneration> cancels;
  private @Nullable MessageConsumer<TextRequest> questions;
  private @Nullable MessageConsumer<WorkerCall> calls;

  public WorkerVerticle(WorkerOptions options) {
    this.options = options;
    this.slots = new SlotTable<>(options.slots());
    this.quarantine = new Quarantine(options.supervision());
    this.embeddings =
        new EmbeddingDesk(
            options, quarantine, this::openPrompts, this::asked, this::signalWhenDrained);
    this.idle = new IdleClock(options.offer().keepAlive());
  }

  @Override
  public Future<?> start() {
    opens = vertx.eventBus().consumer(BusAddresses.open(options.workerId()), this::onOpen);
    cancels =
        vertx
            .eventBus()
            .consumer(
                BusAddresses.cancel(options.workerId()),
                message -> onCancel(message.body().streamId()));
    questions = new TextDesk(vertx, options, this::askedAboutText).open();
    calls = vertx.eventBus().consumer(BusAddresses.call(options.workerId()), this::onCall);
    heartbeatTimer = vertx.setPeriodic(options.heartbeatInterval().toMillis(), ignored -> onBeat());
    setUp();
    return Future.join(
        opens.completion(),
        cancels.completion(),
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
              failAll(FailureCause.WORKER_STOPPING, "the worker stops");
              return Future.join(embeddings.close(), halt());
            })
        .onComplete(ignored -> vertx.cancelTimer(heartbeatTimer))
        .compose(
            ignored ->
                Future.join(
                    unregister(opens),
                    unregister(cancels),
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

  /** Ends the engine and lets go of what was read from the model file. */
  private Future<Void> halt() {
    Optional<Serving> ended = serving;
    serving = Optional.empty();
    chat = false;
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
    int open = embeddings.idle() ? slots.open() : slots.open() + 1;
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

  // ---- opening a stream ----------------------------------------------------------------------

  private void onOpen(Message<GenerationRequest> message) {
    GenerationRequest request = message.body();
    if (drained != null) {
      message.reply(new OpenReply.Busy("draining"));
      return;
    }
    if (!options.answersTo(request.model())) {
      message.reply(new OpenReply.Busy("other model"));
      return;
    }
    asked();
    Serving now = serving.orElse(null);
    if (now == null || now.supervisor().state() != EngineSupervisor.State.READY) {
      message.reply(new OpenReply.Busy("not ready"));
      return;
    }
    switch (slots.claim(request.streamId(), sequenceId -> new OpenStream(sequenceId, message))) {
      case SlotTable.Claim.NoneFree<OpenStream> ignored ->
          message.reply(new OpenReply.Busy("no slot free"));
      case SlotTable.Claim.Duplicate<OpenStream> ignored ->
          message.reply(new OpenReply.Busy("the stream is open here already"));
      case SlotTable.Claim.Claimed<OpenStream> claimed -> layOut(now, claimed.stream(), request);
    }
  }

  private void layOut(Serving now, OpenStream stream, GenerationRequest request) {
    switch (request.prompt()) {
      case Prompt.Text text ->
          openSequence(now, stream, request, List.of(new PromptSegment.Text(text.text())), true);
      case Prompt.Tokens tokens ->
          openSequence(
              now, stream, request, List.of(new PromptSegment.Tokens(tokens.ids())), false);
      case Prompt.Chat messages ->
          now.renderer()
              .layOut(messages)
              .onComplete(
                  prompt -> openSequence(now, stream, request, prompt, true),
                  problem -> turnDown(stream, refusal(problem)));
    }
  }

  private static OpenReply refusal(Throwable problem) {
    if (problem instanceof ChatTemplateException turnedDown) {
      return new OpenReply.Refused(
          OpenReply.Code.INVALID, String.valueOf(turnedDown.getMessage()), "messages");
    }
    LOG.error("laying out a prompt failed", problem);
    return new OpenReply.Busy("the prompt could not be laid out");
  }

  private void openSequence(
      Serving now,
      OpenStream stream,
      GenerationRequest request,
      List<PromptSegment> prompt,
      boolean addBeginToken) {
    if (slots.bySequence(stream.sequenceId()).isEmpty()) {
      return; // The engine was lost meanwhile, and the stream answered.
    }
    if (stream.cancelled()) {
      turnDown(stream, new OpenReply.Busy("cancelled"));
      return;
    }
    PromptHash hash = PromptHash.of(prompt);
    switch (quarantine.verdict(hash, openPrompts(), System.nanoTime())) {
      case ADMITTED -> {}
      case WAITS -> {
        turnDown(stream, new OpenReply.Busy("an engine died with it; another such is tried first"));
        return;
      }
      case REFUSED -> {
        turnDown(
            stream,
            new OpenReply.Refused(
                OpenReply.Code.PROMPT_QUARANTINED,
                "this prompt was there when two engines died; it is refused for a while",
                ""));
        return;
      }
    }
    stream.opening(hash);
    boolean handed =
        now.supervisor()
            .open(
                new SequenceRequest(
                    stream.sequenceId(),
                    prompt,
                    addBeginToken,
                    request.sampling(),
                    request.maxTokens(),
                    request.stopStrings(),
                    List.of(),
                    request.ignoreEndTokens(),
                    request.topLogprobs(),
                    request.contextLimit(),
                    request.emitted(),
                    request.cacheScope(),
                    request.grammar(),
                    request.promptScoring()));
    if (!handed) {
      turnDown(stream, new OpenReply.Busy("not ready"));
    }
  }

  /** Answers a request that never became a stream, and frees its slot. */
  private void turnDown(OpenStream stream, OpenReply reply) {
    release(stream.sequenceId()).ifPresent(released -> released.reply(reply));
    signalWhenDrained();
  }

  /**
   * Frees a slot. The fleet hears at once of a slot it may be waiting for: one of a worker that was
   * full, or one that a client gave up. Other ends wait for the next regular heartbeat.
   */
  private Optional<OpenStream> release(long sequenceId) {
    boolean full = slots.open() == slots.slots();
    Optional<OpenStream> released = slots.release(sequenceId);
    idle.used(System.nanoTime());
    if (released.filter(stream -> full || stream.cancelled()).isPresent()) {
      heartbeat();
    }
    return released;
  }

  private List<PromptHash> openPrompts() {
    return Stream.concat(
            slots.streams().stream().map(OpenStream::prompt).flatMap(Optional::stream),
            embeddings.openPrompts().stream())
        .toList();
  }

  private void onCancel(String streamId) {
    embeddings.cancel(streamId);
    slots
        .byStream(streamId)
        .ifPresent(
            stream -> {
              stream.cancel();
              if (stream.phase() != OpenStream.Phase.LAYING_OUT) {
                serving.ifPresent(s -> s.supervisor().cancel(stream.sequenceId()));
              }
            });
  }

  // ---- what the engine says ------------------------------------------------------------------

  private final class SupervisorListener implements EngineSupervisor.Listener {
    @Override
    public void changed() {
      heartbeat();
    }

    @Override
    public void onSequence(EngineEvent.OfSequence event) {
      switch (event) {
        case EngineEvent.Piece piece ->
            slots
                .bySequence(piece.sequenceId())
                .ifPresent(
                    stream ->
                        send(
                            stream,
                            new GenerationEvent.Delta(
                                stream.streamId(),
                                stream.nextNumber(),
                                piece.text(),
                                piece.tokens())));
        case EngineEvent.PromptScored scored ->
            slots
                .bySequence(scored.sequenceId())
                .ifPresent(
                    stream ->
                        send(
                            stream,
                            new GenerationEvent.PromptScored(
                                stream.streamId(), stream.nextNumber(), scored.tokens())));
        case EngineEvent.Accepted accepted ->
            slots.bySequence(accepted.sequenceId()).ifPresent(stream -> accept(stream, accepted));
        case EngineEvent.EndOfSequence end ->
            release(end.sequenceId()).ifPresent(stream -> end(stream, end));
      }
    }

    @Override
    public void onEmbedding(EngineEvent.OfEmbedding event) {
      embeddings.on(event);
    }

    @Override
    public void engineLost(String cause) {
      quarantine.engineLost(openPrompts(), System.nanoTime());
      embeddings.engineLost(cause);
      failAll(FailureCause.ENGINE_LOST, cause);
    }
  }

  private void accept(OpenStream stream, EngineEvent.Accepted accepted) {
    stream.opened();
    stream.reply(
        new OpenReply.Accepted(
            accepted.promptTokens(),
            accepted.cachedTokens(),
            description().map(EngineDescription::fingerprint).orElse("")));
  }

  private void end(OpenStream stream, EngineEvent.EndOfSequence end) {
    switch (end) {
      case EngineEvent.Busy busy -> stream.reply(new OpenReply.Busy(busy.reason()));
      case EngineEvent.Refused refused -> stream.reply(refused.refusal());
      case EngineEvent.Finished finished -> {
        if (finished.whole()) {
          stream.prompt().ifPresent(quarantine::cleared);
        }
        send(
            stream,
            new GenerationEvent.Finished(
                stream.streamId(),
                stream.nextNumber(),
                finished.reason(),
                finished.matchedStop(),
                finished.usage(),
                finished.prefillMicros(),
                finished.decodeMicros()));
      }
      case EngineEvent.Failed failed -> fail(stream, FailureCause.ENGINE_FAULT, failed.message());
    }
    signalWhenDrained();
  }

  private void failAll(FailureCause cause, String message) {
    slots.releaseAll().forEach(stream -> fail(stream, cause, message));
    signalWhenDrained();
  }

  private void fail(OpenStream stream, FailureCause cause, String message) {
    if (stream.phase() == OpenStream.Phase.OPEN) {
      send(
          stream,
          new GenerationEvent.Failed(stream.streamId(), stream.nextNumber(), cause, message));
    } else {
      stream.reply(new OpenReply.Busy(message));
    }
  }

  private void send(OpenStream stream, GenerationEvent event) {
    vertx.eventBus().send(stream.inbox(), event);
  }

  private void signalWhenDrained() {
    if (drained != null && slots.open() == 0 && embeddings.idle()) {
      drained.tryComplete();
    }
  }

  // ---- heartbeats ----------------------------------------------------------------------------

  private Optional<EngineDescription> description() {
    return serving.flatMap(s -> s.supervisor().description());
  }

  private void heartbeat() {
    Optional<EngineDescription> engine = description();
    engine.flatMap(this::model).ifPresent(model -> described = Optional.of(model));
    vertx
        .eventBus()
        .publish(
            BusAddresses.HEARTBEATS,
            new WorkerHeartbeat(
                options.workerId(),
                options.nodeId(),
                ++heartbeats,
                ProtocolVersion.FLEET,
                state(),
                described,
                slots.slots(),
                slots.open(),
                options.engine() == EngineChoice.BUILTIN ? "builtin" : "llama-server",
                engine.map(EngineDescription::version).orElse(""),
                engine.map(EngineDescription::kernel).orElse(""),
                serving.map(s -> s.supervisor().restarts()).orElse(0),
                options.cores(),
                serving.map(s -> s.supervisor().pid()).orElse(0L),
                detail()));
  }

  private Optional<ModelDescription> model(EngineDescription engine) {
    return serving.map(
        s ->
            new ModelDescription(
                options.modelId(),
                engine.architecture(),
                engine.fingerprint(),
                engine.contextLength(),
                engine.vocabularySize(),
                engine.parameters(),
                engine.modelBytes(),
                s.model().modifiedSeconds(),
                chat && !engine.embeddings().only(),
                engine.embeddings().size(),
                engine.embeddings().pooling(),
                s.quantization(),
                options.offer().aliases(),
                options.offer().rank()));
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
