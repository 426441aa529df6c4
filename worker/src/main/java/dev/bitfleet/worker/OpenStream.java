package dev.bitfleet.worker;

import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PromptChain;
import dev.bitfleet.worker.supervise.PromptHash;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a worker keeps for a stream that holds a slot. One thread: its worker's. */
final class OpenStream {
  /** How far a stream has come. */
  enum Phase {
    /** Its prompt is being laid out; the engine does not know it. */
    LAYING_OUT,
    /** The engine has been asked; the gateway waits for the reply. */
    OPENING,
    /** Accepted: from here on events answer. */
    OPEN
  }

  private final long sequenceId;
  private final GenerationRequest request;
  private final List<Consumer<OpenReply>> askers = new ArrayList<>();
  private Phase phase = Phase.LAYING_OUT;
  private boolean cancelled;
  private int events;
  private int tokens;
  private @Nullable PromptHash prompt;
  private @Nullable PromptChain chain;

  OpenStream(long sequenceId, GenerationRequest request, Consumer<OpenReply> asker) {
    this.sequenceId = sequenceId;
    this.request = request;
    this.askers.add(asker);
    this.tokens = request.continuation().map(c -> c.emitted().size()).orElse(0);
  }

  long sequenceId() {
    return sequenceId;
  }

  String streamId() {
    return request.streamId();
  }

  String inbox() {
    return request.inbox();
  }

  /** How its prompt begins. */
  PromptChain chain() {
    PromptChain known = chain;
    if (known == null) {
      known = PromptChain.of(request.prompt(), request.cacheScope());
      chain = known;
    }
    return known;
  }

  Phase phase() {
    return phase;
  }

  /** The engine is about to be asked. */
  void opening(PromptHash hash) {
    phase = Phase.OPENING;
    prompt = hash;
  }

  /** The engine has accepted. */
  void opened() {
    phase = Phase.OPEN;
  }

  void reply(OpenReply reply) {
    askers.forEach(asker -> asker.accept(reply));
    askers.clear();
  }

  /** The request has come once more before it was answered. */
  void askedAgain(Consumer<OpenReply> asker) {
    askers.add(asker);
  }

  void cancel() {
    cancelled = true;
  }

  boolean cancelled() {
    return cancelled;
  }

  /** So many more tokens are out; returns how many that makes, those drawn elsewhere included. */
  int add(int more) {
    tokens += more;
    return tokens;
  }

  /** Tokens of its completion that are out. */
  int tokens() {
    return tokens;
  }

  /** The number the next event goes out with. */
  int nextNumber() {
    return events++;
  }

  /** The prompt the engine computes for this stream, once it has it. */
  Optional<PromptHash> prompt() {
    return Optional.ofNullable(prompt);
  }
}
