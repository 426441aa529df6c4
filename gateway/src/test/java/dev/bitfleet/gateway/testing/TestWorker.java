package dev.bitfleet.gateway.testing;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.Continuation;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A worker without an engine: it speaks the fleet protocol over the bus, and its token {@code i} is
 * a pure function of prompt, seed and {@code i}. Faults are scripted, one per open, in order.
 */
public final class TestWorker {
  /** Tokens of a completion without a limit. */
  public static final int NATURAL_LENGTH = 12;

  /** Tokens of a sequence unless a test says otherwise: more than most prompts have. */
  public static final int CONTEXT = 1 << 22;

  public static final String FINGERPRINT = "0123456789abcdef";

  /** Prompt tokens it always counts, two of them cached. */
  public static final Usage PROMPT = new Usage(7, 2, 0);

  private final Vertx vertx;
  private final Context context;
  private final String id;
  private final String modelId;
  private final int slots;
  private final int contextLength;
  private final Queue<Behaviour> script = new ArrayDeque<>();
  private final Map<String, TestStream> streams = new HashMap<>();
  private final Queue<GenerationRequest> seen = new ConcurrentLinkedQueue<>();
  private final Queue<EmbedRequest> batches = new ConcurrentLinkedQueue<>();
  private final Queue<TextRequest> questions = new ConcurrentLinkedQueue<>();
  private final Queue<String> cancelled = new ConcurrentLinkedQueue<>();
  private final List<MessageConsumer<?>> consumers = new ArrayList<>();
  private volatile List<String> aliases = List.of();
  private volatile String fingerprint = FINGERPRINT;
  private volatile State state = State.READY;
  private final TestPace pace = new TestPace();
  private volatile int open;
  private volatile int mostOpen;
  private final Queue<Message<TextRequest>> unanswered = new ArrayDeque<>();
  private boolean thinks;
  private int thinking;
  private volatile int mostQuestions;
  private long number;
  private int restarts;

  private TestWorker(Vertx vertx, String id, String modelId, int slots, int contextLength) {
    this.contextLength = contextLength;
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.id = id;
    this.modelId = modelId;
    this.slots = slots;
  }

  /** Starts a ready worker. */
  public static TestWorker start(Vertx vertx, String id, String modelId, int slots) {
    return start(vertx, id, modelId, slots, CONTEXT);
  }

  /**
   * Starts a ready worker.
   *
   * @param contextLength of a sequence; for questions about text a character is a token
   */
  public static TestWorker start(
      Vertx vertx, String id, String modelId, int slots, int contextLength) {
    TestWorker worker = new TestWorker(vertx, id, modelId, slots, contextLength);
    worker.onContext(
        () -> {
          worker.consumers.add(vertx.eventBus().consumer(BusAddresses.open(id), worker::opening));
          worker.consumers.add(
              vertx.eventBus().consumer(BusAddresses.cancel(id), worker::cancelling));
          worker.consumers.add(vertx.eventBus().consumer(BusAddresses.text(id), worker::asked));
          worker.consumers.add(vertx.eventBus().consumer(BusAddresses.embed(id), worker::embed));
          vertx.setPeriodic(0, 200, timer -> worker.beat());
        });
    return worker;
  }

  private void onContext(Runnable action) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    context.runOnContext(
        ignored -> {
          action.run();
          done.complete(null);
        });
    done.join();
  }

  /** The text it completes that prompt with. */
  public static String text(Prompt prompt, long seed, int tokens) {
    return TestTokens.text(prompt, seed, tokens);
  }

  /** The tokens that it takes a prompt for. */
  public static List<String> promptTokens(Prompt prompt) {
    return TestTokens.ofPrompt(prompt);
  }

  /** Its model has other names too; heard with the next heartbeat. */
  public void aliases(String... names) {
    onContext(
        () -> {
          aliases = List.of(names);
          beat();
        });
  }

  /** It has other weights from now on. */
  public void fingerprint(String another) {
    onContext(
        () -> {
          fingerprint = another;
          beat();
        });
  }

  /** Its next opens are treated like this, in order; later ones as they should be. */
  public void script(Behaviour... behaviours) {
    onContext(() -> script.addAll(List.of(behaviours)));
  }

  /** Changes its state and says so. */
  public void become(State next) {
    onContext(
        () -> {
          state = next;
          if (next == State.RESTARTING) {
            restarts++;
          }
          beat();
        });
  }

  /** Takes opens, but sends no token until {@link #resume}. */
  public void pause() {
    pace.paused = true;
  }

  public void resume() {
    onContext(
        () -> {
          pace.paused = false;
          List.copyOf(streams.values()).forEach(TestStream::step);
        });
  }

  /** Waits that long between two tokens. */
  public void pace(long millis) {
    pace.pauseMillis = millis;
  }

  /** Sends so many tokens in one turn of its event loop, and makes each that many times as long. */
  public void flood(int tokens, int repeat) {
    pace.tokensPerTurn = tokens;
    pace.textRepeat = repeat;
  }

  /** Puts that token before prompts that it scores, as tokenizers do; empty = none. */
  public void prefix(String token) {
    pace.prefix = token;
  }

  public List<GenerationRequest> seen() {
    return List.copyOf(seen);
  }

  /** Is dead in the middle of what it does: it takes messages, and nothing comes of it. */
  public void die() {
    onContext(() -> pace.silent = true);
  }

  /** Is no longer on the bus, and says nothing of it. */
  public void hangUp() {
    onContext(() -> consumers.forEach(consumer -> consumer.unregister()));
  }

  /** Texts it was to embed, batch by batch. */
  public List<EmbedRequest> batches() {
    return List.copyOf(batches);
  }

  /** Questions about text it was asked. */
  public List<TextRequest> questions() {
    return List.copyOf(questions);
  }

  public List<String> cancelled() {
    return List.copyOf(cancelled);
  }

  /** Streams it holds open. */
  public int open() {
    return open;
  }

  public int mostOpen() {
    return mostOpen;
  }

  /** Tokens it has sent in its life. */
  public long sent() {
    return pace.sent;
  }

  private void beat() {
    if (pace.silent) {
      return;
    }
    vertx
        .eventBus()
        .publish(
            BusAddresses.HEARTBEATS,
            new WorkerHeartbeat(
                id,
                "node-1",
                number++,
                ProtocolVersion.FLEET,
                state,
                state == State.STARTING ? Optional.empty() : Optional.of(model()),
                slots,
                open,
                "test",
                "1",
                "none",
                restarts,
                List.of(0),
                0,
                "",
                PrefixSummary.NONE));
  }

  private ModelDescription model() {
    boolean embeds = modelId.startsWith("embed");
    return new ModelDescription(
        modelId,
        "test",
        fingerprint,
        contextLength,
        1000,
        1_000_000,
        250_000,
        1_700_000_000,
        !embeds,
        embeds ? TestEmbeddings.SIZE : 0,
        embeds ? "mean" : "none",
        "I2_S",
        aliases,
        0);
  }

  private void opening(Message<GenerationRequest> message) {
    GenerationRequest request = message.body();
    seen.add(request);
    Behaviour behaviour = script.isEmpty() ? new Behaviour.Serve() : script.remove();
    if (pace.silent || behaviour instanceof Behaviour.Mute) {
      return;
    }
    if (state != State.READY || behaviour instanceof Behaviour.Busy || open >= slots) {
      message.reply(new OpenReply.Busy("no slot"));
      return;
    }
    if (request.continuation().filter(c -> !goesOn(request, c)).isPresent()) {
      message.reply(new OpenReply.Busy("it would go on otherwise"));
      return;
    }
    if (behaviour instanceof Behaviour.Refuse refuse) {
      message.reply(refuse.refusal());
      return;
    }
    TestStream stream =
        new TestStream(context, pace, fingerprint, request, behaviour, this::closed);
    streams.put(stream.id(), stream);
    open = streams.size();
    mostOpen = Math.max(mostOpen, open);
    stream.begin(message);
  }

  /** Whether what the client has is what this worker would have said. */
  private boolean goesOn(GenerationRequest request, Continuation continuation) {
    return continuation.fingerprint().equals(fingerprint)
        && continuation.promptHash() == request.prompt().hashCode()
        && continuation.emitted().equals(TestTokens.ids(continuation.emitted().size()));
  }

  private void asked(Message<TextRequest> message) {
    questions.add(message.body());
    if (pace.silent) {
      return;
    }
    thinking++;
    mostQuestions = Math.max(mostQuestions, thinking);
    if (thinks) {
      unanswered.add(message);
    } else {
      answer(message);
    }
  }

  private void answer(Message<TextRequest> message) {
    thinking--;
    message.reply(
        state == State.READY
            ? TestText.answer(message.body(), contextLength)
            : new TextReply.Busy("not ready"));
  }

  /** Takes questions about text, but answers none until told otherwise. */
  public void think(boolean about) {
    onContext(
        () -> {
          thinks = about;
          while (!thinks && !unanswered.isEmpty()) {
            answer(unanswered.remove());
          }
        });
  }

  /** Questions about text that it had at the same time, at most. */
  public int mostQuestions() {
    return mostQuestions;
  }

  /** One batch at a time, each after a pause, so that several requests meet. */
  private void embed(Message<EmbedRequest> message) {
    batches.add(message.body());
    if (!pace.silent) {
      vertx.setTimer(
          Math.max(1, pace.pauseMillis),
          timer -> message.reply(TestEmbeddings.answer(message.body())));
    }
  }

  private void cancelling(Message<CancelGeneration> message) {
    String streamId = message.body().streamId();
    cancelled.add(streamId);
    TestStream stream = streams.get(streamId);
    if (stream != null) {
      stream.cancel();
    }
  }

  private void closed(TestStream stream) {
    streams.remove(stream.id());
    open = streams.size();
  }
}
