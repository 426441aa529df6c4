package dev.bitfleet.worker;

import dev.bitfleet.proto.Continuation;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.worker.engine.Emitted;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.model.ChatTemplateException;
import dev.bitfleet.worker.model.PromptTooLongException;
import dev.bitfleet.worker.slot.PrefixLedger;
import dev.bitfleet.worker.slot.SlotTable;
import dev.bitfleet.worker.supervise.EngineSupervisor;
import dev.bitfleet.worker.supervise.PromptHash;
import dev.bitfleet.worker.supervise.Quarantine;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes requests for completions, gives each a slot, and sends what the engine says of it to the
 * stream's inbox. One thread: its worker's.
 *
 * <p>Order of a stream: request → slot → prompt laid out → engine → reply → deltas → one terminal
 * event, after which the slot is free. A stream whose engine is lost before the reply is answered
 * Busy, so that the gateway tries elsewhere; after it, Failed with {@link
 * FailureCause#ENGINE_LOST}.
 */
final class StreamDesk {
  private static final Logger LOG = LoggerFactory.getLogger(StreamDesk.class);

  /** More than come while a message is on its way. */
  private static final int ANSWERS_KEPT = 1024;

  /** What a desk needs to know of its worker, and has to tell it. */
  interface Surroundings {
    /** Whether nothing more is taken on. */
    boolean draining();

    /** What there is to serve with. */
    Optional<Serving> serving();

    /** The same, for somebody who has asked for this worker's model: it wakes. */
    Optional<Serving> asked();

    /** Everything the engine has now, {@link StreamDesk#openPrompts} included. */
    Collection<PromptHash> openPrompts();

    /**
     * A slot is free again.
     *
     * @param awaited whether the fleet may be waiting for it
     */
    void released(boolean awaited);

    /** All slots are taken: the fleet should not ask here for a while. */
    void full();

    /** A stream is over. */
    void ended();

    /** A stream is about to end as it should. */
    void answered();

    /** What {@link StreamDesk#held} says has changed. */
    void holdsOther();

    /** To the gateway that has the stream. */
    void send(String inbox, GenerationEvent event);
  }

  private final WorkerOptions options;
  private final Suspects suspects;
  private final Surroundings worker;
  private final SlotTable<OpenStream> slots;

  /**
   * What was said to the latest opens, by stream. One that comes again gets the same answer:
   * believing another, its gateway would leave a stream to itself that nobody ever cancels.
   */
  private final Map<String, OpenReply> answered =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, OpenReply> eldest) {
          return size() > ANSWERS_KEPT;
        }
      };

  private Optional<PrefixLedger> ledger = Optional.empty();

  StreamDesk(WorkerOptions options, Suspects suspects, Surroundings worker) {
    this.options = options;
    this.suspects = suspects;
    this.worker = worker;
    this.slots = new SlotTable<>(options.slots());
  }

  /** Streams that hold a slot. */
  int streams() {
    return slots.open();
  }

  /**
   * Takes a request.
   *
   * @param asker gets the one reply, now or later
   */
  void open(GenerationRequest request, Consumer<OpenReply> asker) {
    OpenReply before = answered.get(request.streamId());
    if (before != null) {
      asker.accept(before);
      return;
    }
    claim(
        request,
        reply -> {
          answered.put(request.streamId(), reply);
          asker.accept(reply);
        });
  }

  private void claim(GenerationRequest request, Consumer<OpenReply> asker) {
    if (worker.draining()) {
      asker.accept(new OpenReply.Busy("draining"));
      return;
    }
    if (!options.answersTo(request.model())) {
      asker.accept(new OpenReply.Busy("other model"));
      return;
    }
    Serving now = worker.asked().orElse(null);
    if (now == null || now.supervisor().state() != EngineSupervisor.State.READY) {
      asker.accept(new OpenReply.Busy("not ready"));
      return;
    }
    Optional<String> obstacle = now.supervisor().description().flatMap(d -> obstacle(d, request));
    if (obstacle.isPresent()) {
      asker.accept(new OpenReply.Busy(obstacle.get()));
      return;
    }
    switch (slots.claim(
        request.streamId(), sequenceId -> new OpenStream(sequenceId, request, asker))) {
      case SlotTable.Claim.NoneFree<OpenStream> ignored ->
          asker.accept(new OpenReply.Busy("no slot free"));
      case SlotTable.Claim.Duplicate<OpenStream> duplicate -> duplicate.stream().askedAgain(asker);
      case SlotTable.Claim.Claimed<OpenStream> claimed -> {
        if (slots.open() == slots.slots()) {
          worker.full();
        }
        layOut(now, claimed.stream(), request);
      }
    }
  }

  /** Why what follows on a continuation would not be drawn here as it would have been there. */
  private static Optional<String> obstacle(EngineDescription engine, GenerationRequest request) {
    Continuation continuation = request.continuation().orElse(null);
    if (continuation == null) {
      return Optional.empty();
    }
    if (!continuation.fingerprint().equals(engine.fingerprint())) {
      return Optional.of("another model drew what it has");
    }
    return request.contextLimit() > engine.contextLength()
        ? Optional.of("its context is longer than this one's")
        : Optional.empty();
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
                  problem -> turnDown(stream, refusal(problem, contextLength(now, request))));
    }
  }

  private int contextLength(Serving now, GenerationRequest request) {
    int most =
        now.supervisor()
            .description()
            .map(EngineDescription::contextLength)
            .orElse(options.contextLength());
    return request.contextLimit() == 0 ? most : Math.min(request.contextLimit(), most);
  }

  private static OpenReply refusal(Throwable problem, int contextLength) {
    if (problem instanceof PromptTooLongException tooLong) {
      return new OpenReply.Refused(
          OpenReply.Code.CONTEXT_LENGTH_EXCEEDED,
          String.valueOf(tooLong.getMessage()),
          "messages",
          contextLength + 1,
          contextLength);
    }
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
    if (request.continuation().filter(c -> c.promptHash() != hash.high()).isPresent()) {
      turnDown(stream, new OpenReply.Busy("the prompt is laid out otherwise here"));
      return;
    }
    switch (suspects.verdict(hash, worker.openPrompts())) {
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
                    request
                        .continuation()
                        .map(c -> new Emitted(c.emitted(), c.emittedText(), c.shortened()))
                        .orElse(Emitted.NOTHING),
                    request.cacheScope(),
                    request.grammar(),
                    request.promptScoring(),
                    request.priority()));
    if (!handed) {
      turnDown(stream, new OpenReply.Busy("not ready"));
    }
  }

  /** Answers a request that never became a stream, and frees its slot. */
  private void turnDown(OpenStream stream, OpenReply reply) {
    release(stream.sequenceId()).ifPresent(released -> released.reply(reply));
    worker.ended();
  }

  /**
   * Frees a slot. The fleet hears at once of a slot it may be waiting for: one of a worker that was
   * full, or one that a client gave up. Other ends wait for the next regular heartbeat.
   */
  private Optional<OpenStream> release(long sequenceId) {
    boolean full = slots.open() == slots.slots();
    Optional<OpenStream> released = slots.release(sequenceId);
    worker.released(released.filter(stream -> full || stream.cancelled()).isPresent());
    return released;
  }

  /** Of the streams the engine has. */
  List<PromptHash> openPrompts() {
    return slots.streams().stream().map(OpenStream::prompt).flatMap(Optional::stream).toList();
  }

  /** The same, and how far their completions have come. */
  List<Quarantine.Open> openCompletions() {
    return slots.streams().stream()
        .flatMap(
            stream ->
                stream.prompt().stream()
                    .map(
                        hash ->
                            new Quarantine.Open(
                                hash, stream.tokens(), stream.phase() == OpenStream.Phase.OPEN)))
        .toList();
  }

  /** The beginnings of prompts that the engine may still hold. */
  PrefixSummary held() {
    return ledger.map(PrefixLedger::summary).orElse(PrefixSummary.NONE);
  }

  /** The engine that held anything is gone. */
  void forgetHeld() {
    ledger = Optional.empty();
  }

  /** Gives a stream up; nothing happens when it is unknown. */
  void cancel(String streamId) {
    slots
        .byStream(streamId)
        .ifPresent(
            stream -> {
              stream.cancel();
              if (stream.phase() != OpenStream.Phase.LAYING_OUT) {
                worker.serving().ifPresent(s -> s.supervisor().cancel(stream.sequenceId()));
              }
            });
  }

  /**
   * Gives up all streams of one inbox. A gateway that died cannot do it, and its clients come again
   * through others, who need the slots.
   */
  void cancelAllOf(String inbox) {
    slots.streams().stream()
        .filter(stream -> stream.inbox().equals(inbox))
        .map(OpenStream::streamId)
        .toList()
        .forEach(this::cancel);
  }

  // ---- what the engine says ------------------------------------------------------------------

  /** What the engine says; what it says of streams given up is nobody's. */
  void on(EngineEvent.OfSequence event) {
    switch (event) {
      case EngineEvent.Piece piece ->
          slots.bySequence(piece.sequenceId()).ifPresent(stream -> piece(stream, piece));
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

  private void piece(OpenStream stream, EngineEvent.Piece piece) {
    int tokens = stream.add(Math.max(1, piece.tokens().size()));
    stream.prompt().ifPresent(prompt -> suspects.reached(prompt, tokens));
    send(
        stream,
        new GenerationEvent.Delta(
            stream.streamId(),
            stream.nextNumber(),
            piece.text(),
            piece.tokens(),
            piece.shortened()));
  }

  private void accept(OpenStream stream, EngineEvent.Accepted accepted) {
    stream.opened();
    if (ledger.isEmpty()) {
      ledger = worker.serving().flatMap(s -> s.supervisor().description()).map(StreamDesk::ledger);
    }
    ledger.ifPresent(
        kept -> kept.computed(stream.chain(), accepted.promptTokens() - accepted.cachedTokens()));
    worker.holdsOther();
    stream.reply(
        new OpenReply.Accepted(
            accepted.promptTokens(),
            accepted.cachedTokens(),
            worker
                .serving()
                .flatMap(s -> s.supervisor().description())
                .map(EngineDescription::fingerprint)
                .orElse(""),
            stream.prompt().map(PromptHash::high).orElse(0L)));
  }

  private static PrefixLedger ledger(EngineDescription engine) {
    return new PrefixLedger((long) engine.slots() * engine.contextLength());
  }

  private void end(OpenStream stream, EngineEvent.EndOfSequence end) {
    switch (end) {
      case EngineEvent.Busy busy -> stream.reply(new OpenReply.Busy(busy.reason()));
      case EngineEvent.Refused refused -> stream.reply(refused.refusal());
      case EngineEvent.Finished finished -> {
        ledger.ifPresent(kept -> kept.drawn(stream.chain(), finished.usage().completionTokens()));
        if (finished.whole()) {
          stream.prompt().ifPresent(suspects::finished);
        }
        worker.answered();
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
    worker.ended();
  }

  /** Ends all streams with that. */
  void failAll(FailureCause cause, String message) {
    slots.releaseAll().forEach(stream -> fail(stream, cause, message));
    worker.ended();
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
    worker.send(stream.inbox(), event);
  }
}
