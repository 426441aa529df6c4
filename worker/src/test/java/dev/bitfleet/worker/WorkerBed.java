package dev.bitfleet.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.Continuation;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.FleetCodecs;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Sampling;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** One worker on a bus of its own, and the gateway's side of it. */
final class WorkerBed implements AutoCloseable {
  static final String MODEL = "bitfleet-demo";
  static final Duration WINDOW = Duration.ofSeconds(30);
  static final String GATEWAY = "test";
  private static final String INBOX = BusAddresses.inbox(GATEWAY);

  private final Vertx vertx = Vertx.vertx();
  private final Map<String, BlockingQueue<GenerationEvent>> streams = new ConcurrentHashMap<>();
  private final BlockingQueue<WorkerHeartbeat> heartbeats = new LinkedBlockingQueue<>();
  private final Map<String, Integer> numbers = new ConcurrentHashMap<>();
  private final AtomicInteger streamIds = new AtomicInteger();
  private final String deployment;
  private volatile Optional<WorkerHeartbeat> newest = Optional.empty();

  WorkerBed(WorkerOptions options) {
    FleetCodecs.register(vertx.eventBus());
    vertx
        .eventBus()
        .<GenerationEvent>localConsumer(
            INBOX, message -> queue(message.body().streamId()).add(message.body()));
    vertx
        .eventBus()
        .<WorkerHeartbeat>localConsumer(
            BusAddresses.HEARTBEATS,
            message -> {
              newest = Optional.of(message.body());
              heartbeats.add(message.body());
            });
    deployment = vertx.deployVerticle(new WorkerVerticle(options)).await();
  }

  static WorkerOptions demoOptions() {
    return options(TestModels.demo(), Optional.empty(), SupervisionSettings.DEFAULTS);
  }

  static WorkerOptions options(Path model, Optional<Path> engine, SupervisionSettings supervision) {
    return options(model, engine, supervision, Duration.ofMillis(200));
  }

  private static WorkerOptions options(
      Path model,
      Optional<Path> engine,
      SupervisionSettings supervision,
      Duration heartbeatInterval) {
    return new WorkerOptions(
        "w1",
        "node1",
        MODEL,
        model,
        EngineChoice.BUILTIN,
        engine,
        List.of(),
        2,
        2,
        512,
        TestModels.dataDir(),
        heartbeatInterval,
        Duration.ofSeconds(2),
        supervision);
  }

  /** A worker that is ready. */
  static WorkerBed ready() {
    WorkerBed bed = new WorkerBed(demoOptions());
    bed.awaitState(WorkerHeartbeat.State.READY);
    return bed;
  }

  /** A worker that is ready and takes seconds for a stream of full length. */
  static WorkerBed readyAndSlow() {
    return readyAndSlow(Duration.ofMillis(200));
  }

  static WorkerBed readyAndSlow(Duration heartbeatInterval) {
    WorkerBed bed =
        new WorkerBed(
            options(
                TestModels.slow(),
                Optional.empty(),
                SupervisionSettings.DEFAULTS,
                heartbeatInterval));
    bed.awaitState(WorkerHeartbeat.State.READY);
    return bed;
  }

  WorkerHeartbeat awaitState(WorkerHeartbeat.State state) {
    return awaitHeartbeat(heartbeat -> heartbeat.state() == state);
  }

  WorkerHeartbeat awaitHeartbeat(Predicate<WorkerHeartbeat> wanted) {
    long deadline = System.nanoTime() + WINDOW.toNanos();
    try {
      while (true) {
        WorkerHeartbeat heartbeat =
            heartbeats.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        assertThat(heartbeat).as("a heartbeat as wanted; the last was %s", newest).isNotNull();
        if (wanted.test(heartbeat)) {
          return heartbeat;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  GenerationRequest request(Prompt prompt, int maxTokens) {
    return new GenerationRequest(
        "s" + streamIds.incrementAndGet(),
        INBOX,
        MODEL,
        prompt,
        Sampling.greedy(),
        maxTokens,
        List.of(),
        true,
        OptionalInt.empty(),
        0,
        1,
        "",
        PromptScoring.NONE,
        Priority.INTERACTIVE,
        Optional.empty());
  }

  /** The same in a new stream, going on after that. */
  GenerationRequest goingOn(GenerationRequest whole, Continuation continuation) {
    return new GenerationRequest(
        "s" + streamIds.incrementAndGet(),
        whole.inbox(),
        whole.model(),
        whole.prompt(),
        whole.sampling(),
        whole.maxTokens(),
        whole.stopStrings(),
        whole.ignoreEndTokens(),
        whole.topLogprobs(),
        whole.contextLimit(),
        whole.cacheScope(),
        whole.grammar(),
        whole.promptScoring(),
        whole.priority(),
        Optional.of(continuation));
  }

  /** The ids of all tokens a stream brings. */
  List<Integer> tokens(String streamId) {
    List<Integer> ids = new ArrayList<>();
    while (true) {
      switch (next(streamId)) {
        case GenerationEvent.Delta delta -> delta.tokens().forEach(token -> ids.add(token.id()));
        case GenerationEvent.PromptScored ignored -> {}
        case GenerationEvent.Finished ignored -> {
          return ids;
        }
        case GenerationEvent.Failed failed -> throw new AssertionError(failed);
      }
    }
  }

  /** Another worker tells something of prompts. */
  void note(PromptNote note) {
    vertx.eventBus().publish(BusAddresses.PROMPTS, note);
  }

  OpenReply open(GenerationRequest request) {
    return vertx
        .eventBus()
        .<OpenReply>request(BusAddresses.open("w1"), request)
        .map(message -> message.body())
        .await();
  }

  Future<EmbedReply> embed(EmbedRequest request) {
    return vertx
        .eventBus()
        .<EmbedReply>request(BusAddresses.embed("w1"), request)
        .map(message -> message.body());
  }

  TextReply ask(TextRequest request) {
    return asked(request).await();
  }

  Future<TextReply> asked(TextRequest request) {
    return vertx
        .eventBus()
        .<TextReply>request(BusAddresses.text("w1"), request)
        .map(message -> message.body());
  }

  /** Opens a stream that must be accepted. */
  OpenReply.Accepted accepted(GenerationRequest request) {
    OpenReply reply = open(request);
    assertThat(reply).isInstanceOf(OpenReply.Accepted.class);
    return (OpenReply.Accepted) reply;
  }

  void cancel(String streamId) {
    vertx.eventBus().send(BusAddresses.cancel("w1"), new CancelGeneration(streamId));
  }

  void nodeLeft(String node) {
    vertx.eventBus().publish(BusAddresses.NODE_LEFT, node);
  }

  GenerationEvent next(String streamId) {
    try {
      GenerationEvent event = queue(streamId).poll(WINDOW.toSeconds(), TimeUnit.SECONDS);
      assertThat(event).as("an event of %s", streamId).isNotNull();
      assertThat(event.number())
          .as("number within %s", streamId)
          .isEqualTo(numbers.merge(streamId, 1, Integer::sum) - 1);
      return event;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** The text of a stream up to its terminal event, whose numbers must have no gap. */
  String text(String streamId, List<GenerationEvent.Terminal> end) {
    StringBuilder text = new StringBuilder();
    while (true) {
      GenerationEvent event = next(streamId);
      switch (event) {
        case GenerationEvent.PromptScored ignored -> {}
        case GenerationEvent.Delta delta -> text.append(delta.text());
        case GenerationEvent.Terminal terminal -> {
          end.add(terminal);
          return text.toString();
        }
      }
    }
  }

  GenerationEvent.Terminal end(String streamId) {
    List<GenerationEvent.Terminal> end = new java.util.ArrayList<>();
    text(streamId, end);
    return end.getFirst();
  }

  boolean silent(String streamId) {
    return queue(streamId).isEmpty();
  }

  private BlockingQueue<GenerationEvent> queue(String streamId) {
    return streams.computeIfAbsent(streamId, id -> new LinkedBlockingQueue<>());
  }

  void undeploy() {
    vertx.undeploy(deployment).await();
  }

  @Override
  public void close() {
    vertx.close().await();
  }
}
