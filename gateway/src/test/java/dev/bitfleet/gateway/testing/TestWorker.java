package dev.bitfleet.gateway.testing;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.TokenDetail;
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
import org.jspecify.annotations.Nullable;

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
  private final Map<String, Stream> streams = new HashMap<>();
  private final Queue<GenerationRequest> seen = new ConcurrentLinkedQueue<>();
  private final Queue<EmbedRequest> batches = new ConcurrentLinkedQueue<>();
  private final Queue<TextRequest> questions = new ConcurrentLinkedQueue<>();
  private final Queue<String> cancelled = new ConcurrentLinkedQueue<>();
  private final List<MessageConsumer<?>> consumers = new ArrayList<>();
  private volatile List<String> aliases = List.of();
  private volatile State state = State.READY;
  private volatile boolean silent;
  private volatile boolean paused;
  private volatile int tokensPerTurn = 1;
  private volatile long pauseMillis;
  private volatile int textRepeat = 1;
  private volatile String prefix = "";
  private volatile int open;
  private volatile int mostOpen;
  private volatile long sent;
  private long number;
  private int restarts;

  private static final class Stream {
    final GenerationRequest request;
    final Behaviour behaviour;
    int token;
    int event;
    int cancelsToIgnore;
    @Nullable Message<GenerationRequest> lateAnswer;

    Stream(GenerationRequest request, Behaviour behaviour) {
      this.request = request;
      this.behaviour = behaviour;
    }
  }

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
    paused = true;
  }

  public void resume() {
    onContext(
        () -> {
          paused = false;
          for (Stream stream : List.copyOf(streams.values())) {
            step(stream);
          }
        });
  }

  /** Waits that long between two tokens. */
  public void pace(long millis) {
    pauseMillis = millis;
  }

  /** Sends so many tokens in one turn of its event loop, and makes each that many times as long. */
  public void flood(int tokens, int repeat) {
    tokensPerTurn = tokens;
    textRepeat = repeat;
  }

  /** Puts that token before prompts that it scores, as tokenizers do; empty = none. */
  public void prefix(String token) {
    prefix = token;
  }

  public List<GenerationRequest> seen() {
    return List.copyOf(seen);
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
    return sent;
  }

  private void beat() {
    if (silent) {
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
                ""));
  }

  private ModelDescription model() {
    boolean embeds = modelId.startsWith("embed");
    return new ModelDescription(
        modelId,
        "test",
        FINGERPRINT,
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
    if (silent || behaviour instanceof Behaviour.Mute) {
      return;
    }
    if (state != State.READY || behaviour instanceof Behaviour.Busy || open >= slots) {
      message.reply(new OpenReply.Busy("no slot"));
      return;
    }
    if (behaviour instanceof Behaviour.Refuse refuse) {
      message.reply(refuse.refusal());
      return;
    }
    Stream stream = new Stream(request, behaviour);
    if (behaviour instanceof Behaviour.IgnoreCancels ignore) {
      stream.cancelsToIgnore = ignore.cancels();
    }
    streams.put(request.streamId(), stream);
    open = streams.size();
    mostOpen = Math.max(mostOpen, open);
    if (behaviour instanceof Behaviour.AnswerLate) {
      stream.lateAnswer = message;
    } else {
      accept(message);
    }
    if (request.promptScoring() != PromptScoring.NONE) {
      scorePrompt(stream);
    }
    if (request.promptScoring() == PromptScoring.ALONE) {
      finish(stream, FinishReason.LENGTH);
    } else {
      step(stream);
    }
  }

  /** In two events where there are two tokens, as a prompt comes in chunks. */
  private void scorePrompt(Stream stream) {
    GenerationRequest request = stream.request;
    List<TokenDetail> tokens = TestTokens.scoredPrompt(request, prefix);
    int half = tokens.size() / 2;
    for (List<TokenDetail> part :
        List.of(tokens.subList(0, half), tokens.subList(half, tokens.size()))) {
      if (!part.isEmpty()) {
        send(
            request.inbox(),
            new GenerationEvent.PromptScored(request.streamId(), stream.event++, part));
      }
    }
  }

  private static void accept(Message<GenerationRequest> message) {
    message.reply(
        new OpenReply.Accepted(PROMPT.promptTokens(), PROMPT.cachedTokens(), FINGERPRINT));
  }

  private void asked(Message<TextRequest> message) {
    questions.add(message.body());
    if (silent) {
      return;
    }
    message.reply(
        state == State.READY
            ? TestText.answer(message.body(), contextLength)
            : new TextReply.Busy("not ready"));
  }

  /** One batch at a time, each after a pause, so that several requests meet. */
  private void embed(Message<EmbedRequest> message) {
    batches.add(message.body());
    if (!silent) {
      vertx.setTimer(
          Math.max(1, pauseMillis), timer -> message.reply(TestEmbeddings.answer(message.body())));
    }
  }

  private void cancelling(Message<CancelGeneration> message) {
    String streamId = message.body().streamId();
    cancelled.add(streamId);
    Stream stream = streams.get(streamId);
    if (stream != null && stream.cancelsToIgnore-- <= 0) {
      finish(stream, FinishReason.CANCELLED);
    }
  }

  private void step(Stream stream) {
    for (int i = 0; i < tokensPerTurn; i++) {
      if (paused || silent || !streams.containsKey(stream.request.streamId())) {
        return;
      }
      if (!token(stream)) {
        return;
      }
    }
    if (pauseMillis > 0) {
      vertx.setTimer(pauseMillis, timer -> step(stream));
    } else {
      context.runOnContext(ignored -> step(stream));
    }
  }

  /** Whether the stream goes on by itself. */
  private boolean token(Stream stream) {
    GenerationRequest request = stream.request;
    if (misbehave(stream)) {
      return false;
    }
    if (stream.behaviour instanceof Behaviour.Say say) {
      return say(stream, say);
    }
    int limit = request.maxTokens() == 0 ? NATURAL_LENGTH : request.maxTokens();
    if (stream.token >= limit) {
      finish(stream, request.maxTokens() == 0 ? FinishReason.STOP_TOKEN : FinishReason.LENGTH);
      return false;
    }
    String word = TestTokens.word(request.prompt(), request.sampling().seed(), stream.token);
    for (String stop : request.stopStrings()) {
      if (word.contains(stop)) {
        finish(stream, FinishReason.STOP_STRING);
        return false;
      }
    }
    sendToken(stream, word, TestTokens.LOGPROB);
    if (stream.lateAnswer != null && stream.token == 2) {
      accept(stream.lateAnswer);
      stream.lateAnswer = null;
    }
    return true;
  }

  private boolean say(Stream stream, Behaviour.Say say) {
    if (stream.token >= say.pieces().size()) {
      finish(stream, say.reason());
      return false;
    }
    sendToken(stream, say.pieces().get(stream.token), say.logprob());
    return true;
  }

  private void sendToken(Stream stream, String word, double logprob) {
    GenerationRequest request = stream.request;
    send(
        request.inbox(),
        new GenerationEvent.Delta(
            request.streamId(),
            stream.event++,
            word.repeat(textRepeat),
            List.of(TestTokens.detail(request, word, stream.token, logprob))));
    stream.token++;
    sent++;
  }

  private boolean misbehave(Stream stream) {
    String inbox = stream.request.inbox();
    String streamId = stream.request.streamId();
    switch (stream.behaviour) {
      case Behaviour.FailAfter(int tokens, var cause) when stream.token == tokens -> {
        close(stream);
        send(
            inbox,
            new GenerationEvent.Failed(streamId, stream.event++, cause, "as the script says"));
        return true;
      }
      case Behaviour.SkipAfter(int tokens) when stream.token == tokens -> {
        stream.event++;
        return false;
      }
      case Behaviour.StallAfter(int tokens) when stream.token == tokens -> {
        return true;
      }
      case Behaviour.VanishAfter(int tokens) when stream.token == tokens -> {
        silent = true;
        close(stream);
        return true;
      }
      default -> {
        return false;
      }
    }
  }

  private void finish(Stream stream, FinishReason reason) {
    close(stream);
    List<String> stops = stream.request.stopStrings();
    send(
        stream.request.inbox(),
        new GenerationEvent.Finished(
            stream.request.streamId(),
            stream.event++,
            reason,
            reason == FinishReason.STOP_STRING ? stops.getFirst() : "",
            new Usage(PROMPT.promptTokens(), PROMPT.cachedTokens(), stream.token),
            5000,
            stream.token * 1000L));
  }

  private void close(Stream stream) {
    streams.remove(stream.request.streamId());
    open = streams.size();
  }

  private void send(String inbox, GenerationEvent event) {
    vertx.eventBus().send(inbox, event);
  }
}
