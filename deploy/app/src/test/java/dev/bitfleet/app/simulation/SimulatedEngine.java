package dev.bitfleet.app.simulation;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.worker.engine.EmbeddingRequest;
import dev.bitfleet.worker.engine.Engine;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.TextException;
import dev.bitfleet.worker.engine.Tokenization;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * One life of an engine that computes nothing: its tokens are {@link Tokens}. It can die and stand
 * still at any moment, and checks what it is asked for.
 */
final class SimulatedEngine implements Engine {
  static final int CONTEXT = 4096;
  static final String FINGERPRINT = "0123456789abcdef";
  private static final long STEP = 10 * VirtualTime.MILLI;
  private static final long PIPE = 50_000;

  private final World world;
  private final int slots;
  private final Consumer<EngineEvent> events;
  private final Map<Long, Sequence> sequences = new LinkedHashMap<>();
  private long steps;
  private boolean dead;
  private boolean still;

  private static final class Sequence {
    final SequenceRequest request;
    final Tokens tokens;
    final int cached;
    int place;
    boolean cancelled;

    Sequence(SequenceRequest request, Tokens tokens, int cached, int place) {
      this.request = request;
      this.tokens = tokens;
      this.cached = cached;
      this.place = place;
    }
  }

  SimulatedEngine(World world, int slots, Consumer<EngineEvent> events) {
    this.world = world;
    this.slots = slots;
    this.events = events;
    world.in(
        (50 + world.random().nextInt(200)) * VirtualTime.MILLI,
        () -> {
          tell(new EngineEvent.Ready(description()));
          step();
        });
  }

  private EngineDescription description() {
    return new EngineDescription(
        "1", "none", 1, slots, CONTEXT, "simulated", 1 << 14, FINGERPRINT, 1, 1, List.of());
  }

  private void tell(EngineEvent event) {
    world.in(
        PIPE,
        () -> {
          if (!dead) {
            events.accept(event);
          }
        });
  }

  /** Whether it has that prompt. */
  boolean computes(String prompt) {
    return sequences.values().stream().anyMatch(each -> each.tokens.prompt().equals(prompt));
  }

  /** What {@code kill -9} does. */
  void die(String cause) {
    if (dead) {
      return;
    }
    if (world.has(Flaw.DEATH_LOOKS_LIKE_AN_END)) {
      sequences.forEach(
          (id, sequence) -> events.accept(end(id, sequence, FinishReason.STOP_TOKEN)));
    }
    dead = true;
    sequences.clear();
    world.in(PIPE, () -> events.accept(new EngineEvent.Lost(cause, List.of())));
  }

  /** What {@code kill -STOP} does. */
  void stand() {
    still = true;
  }

  private void step() {
    if (dead) {
      return;
    }
    world.in(STEP, this::step);
    if (still || sequences.isEmpty()) {
      return;
    }
    steps++;
    for (Map.Entry<Long, Sequence> each : List.copyOf(sequences.entrySet())) {
      if (each.getValue().tokens.prompt().startsWith(Tokens.POISON)) {
        die("poisoned");
        return;
      }
      step(each.getKey(), each.getValue());
    }
  }

  private void step(long id, Sequence sequence) {
    Tokens tokens = sequence.tokens;
    if (sequence.cancelled && !world.has(Flaw.CANCELS_ARE_IGNORED)) {
      over(id, sequence, FinishReason.CANCELLED);
    } else if (sequence.place >= tokens.length()) {
      over(id, sequence, tokens.reason());
    } else {
      int place = sequence.place++;
      boolean goesOn = !sequence.request.emitted().isEmpty();
      int drawn = goesOn && world.has(Flaw.GOING_ON_DRAWS_OTHERS) ? place + 1000 : place;
      String text = tokens.text(drawn);
      TokenDetail detail =
          new TokenDetail(
              tokens.id(drawn),
              text.getBytes(StandardCharsets.UTF_8),
              OptionalDouble.empty(),
              List.of());
      tell(new EngineEvent.Piece(id, text, List.of(detail), false));
    }
  }

  private void over(long id, Sequence sequence, FinishReason reason) {
    sequences.remove(id);
    if (!world.has(Flaw.A_SLOT_IS_KEPT) || sequence.tokens.seed() % 8 != 1) {
      tell(end(id, sequence, reason));
    }
  }

  private EngineEvent.Finished end(long id, Sequence sequence, FinishReason reason) {
    Tokens tokens = sequence.tokens;
    int drawn = sequence.place + (reason == FinishReason.STOP_TOKEN ? 1 : 0);
    if (world.has(Flaw.USAGE_COUNTS_TWICE)) {
      drawn += sequence.request.emitted().tokens().size();
    }
    return new EngineEvent.Finished(
        id, reason, "", new Usage(tokens.promptTokens(), sequence.cached, drawn), 1000, 1000);
  }

  @Override
  public void open(SequenceRequest request) {
    if (dead) {
      return;
    }
    String prompt =
        request.prompt().stream()
            .map(segment -> ((PromptSegment.Text) segment).text())
            .collect(Collectors.joining());
    Tokens tokens = new Tokens(prompt, request.sampling().seed(), request.maxTokens());
    List<Integer> emitted = request.emitted().tokens();
    for (int i = 0; i < emitted.size(); i++) {
      if (emitted.get(i) != tokens.id(i)) {
        world.violated("an engine is to go on after tokens that nobody drew: " + prompt);
      }
    }
    if (emitted.size() > tokens.length()) {
      world.violated("an engine is to go on after an end: " + prompt);
    }
    int cached = world.random().nextInt(tokens.promptTokens());
    int place = world.has(Flaw.GOING_ON_BEGINS_ANEW) ? 0 : emitted.size();
    world.in(
        PIPE + world.random().nextLong(20 * VirtualTime.MILLI),
        () -> {
          if (dead) {
            return;
          }
          if (sequences.size() >= slots) {
            world.violated("an engine of " + slots + " slots is given one more sequence");
          }
          if (sequences.containsKey(request.id())) {
            world.violated("a sequence id is used twice");
          }
          if (prompt.isEmpty()) {
            tell(
                new EngineEvent.Refused(
                    request.id(),
                    new OpenReply.Refused(OpenReply.Code.EMPTY_PROMPT, "empty", "prompt")));
            return;
          }
          Sequence sequence = new Sequence(request, tokens, cached, place);
          sequence.cancelled = cancelledEarly.remove(request.id()) != null;
          sequences.put(request.id(), sequence);
          tell(new EngineEvent.Accepted(request.id(), tokens.promptTokens(), cached));
        });
  }

  /** Cancelled before the engine had read that they are to be opened. */
  private final Map<Long, Boolean> cancelledEarly = new LinkedHashMap<>();

  @Override
  public void cancel(long sequenceId) {
    Sequence sequence = sequences.get(sequenceId);
    if (sequence != null) {
      sequence.cancelled = true;
    } else {
      cancelledEarly.put(sequenceId, true);
    }
  }

  @Override
  public void ping() {
    if (!dead && (!still || world.has(Flaw.A_STALL_GOES_UNSEEN))) {
      tell(
          new EngineEvent.Pong(
              world.has(Flaw.A_STALL_GOES_UNSEEN) ? ++steps : steps, sequences.size()));
    }
  }

  @Override
  public Duration longestStep() {
    return Duration.ofNanos(STEP);
  }

  @Override
  public long pid() {
    return 0;
  }

  @Override
  public void kill(String cause) {
    die(cause);
  }

  @Override
  public void embed(EmbeddingRequest request) {
    throw new UnsupportedOperationException("nobody asks for embeddings here");
  }

  @Override
  public void cancelEmbedding(long requestId) {}

  @Override
  public Future<Tokenization> tokenize(
      List<PromptSegment> prompt, boolean addBeginToken, boolean withPieces, int mostTokens) {
    return Future.failedFuture(new TextException("nobody asks about text here"));
  }

  @Override
  public Future<byte[]> detokenize(List<Integer> ids) {
    return Future.failedFuture(new TextException("nobody asks about text here"));
  }
}
