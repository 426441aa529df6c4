package dev.bitfleet.worker.engine.builtin;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EngineFrames;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.engine.v1.CancelEmbed;
import dev.bitfleet.proto.engine.v1.CancelSequence;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.Ping;
import dev.bitfleet.worker.engine.EmbeddingRequest;
import dev.bitfleet.worker.engine.Engine;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.StepEstimate;
import dev.bitfleet.worker.engine.Tokenization;
import dev.bitfleet.worker.engine.process.ChildProcess;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a {@code bitfleet-engine serve} process.
 *
 * <p>Threads: a reader thread takes frames apart and hands each event to the context; everything
 * else happens there. Whatever breaks the protocol ends the process, and nothing of it reaches a
 * client: a length out of bounds, bytes that are no message, a piece out of turn, text without its
 * tokens or with tokens that do not exist, an end that knows of fewer than came, an event of a
 * sequence that is not open.
 */
final class BuiltinEngine implements Engine {
  private static final Logger LOG = LoggerFactory.getLogger(BuiltinEngine.class);

  private final Context context;
  private final Consumer<EngineEvent> events;
  private final StepEstimate steps;
  private final int chunkTokens;
  // Open sequences by id. Context only.
  private final Map<Long, Progress> open = new HashMap<>();
  // Texts under way, by request. Context only.
  private final Set<Long> embedding = new HashSet<>();
  private EngineDescription.Embeddings embeddings = EngineDescription.Embeddings.NONE;
  private int vocabulary;
  private final TextQuestions questions = new TextQuestions(this::send);
  private final ChildProcess child;
  private boolean over;

  /** It broke the protocol and is being killed: of what it wrote after that nothing is believed. */
  private boolean broken;

  private long pings;
  private boolean pinging;

  /** How far an open sequence has come. */
  private static final class Progress {
    /** The number its next piece must have. */
    private int nextPiece;

    /** Of its completion, those drawn elsewhere included. */
    private int tokens;

    /** Of its prompt, those it had to compute. A chunk while the engine has not counted them. */
    private int uncached;

    private int promptTokens;
    private boolean accepted;

    Progress(int uncached, int emittedTokens) {
      this.uncached = uncached;
      this.tokens = emittedTokens;
    }

    /** Prompt tokens that may not be computed yet. */
    int pending() {
      return nextPiece == 0 ? uncached : 0;
    }

    /** What is wrong with its end, if anything is. */
    Optional<String> faultOf(EngineEvent.Finished end) {
      if (!accepted) {
        return Optional.of("the completion of a sequence that it had not accepted");
      }
      if (end.usage().completionTokens() < tokens) {
        return Optional.of("the end of a completion with fewer tokens than it sent");
      }
      if (end.usage().promptTokens() != promptTokens) {
        return Optional.of("the end of a completion of another prompt than it accepted");
      }
      boolean stopped =
          end.reason() == FinishReason.STOP_TOKEN || end.reason() == FinishReason.STOP_STRING;
      return stopped && end.usage().completionTokens() == 0
          ? Optional.of("a completion that stopped without a token to stop at")
          : Optional.empty();
    }
  }

  BuiltinEngine(
      Context context, ProcessBuilder command, int chunkTokens, Consumer<EngineEvent> events) {
    this.context = context;
    this.events = events;
    this.chunkTokens = chunkTokens;
    this.steps = new StepEstimate(chunkTokens);
    this.child =
        ChildProcess.start(
            "engine",
            command,
            this::readFrames,
            (cause, stderr) -> context.runOnContext(ignored -> end(cause, stderr)));
  }

  @Override
  public void open(SequenceRequest request) {
    if (!request.emitted().text().isEmpty()) {
      events.accept(
          new EngineEvent.Refused(
              request.id(),
              new OpenReply.Refused(
                  OpenReply.Code.INVALID, "it goes on after tokens, not after text", "emitted")));
      return;
    }
    byte[] frame;
    try {
      frame = EngineFrames.encode(EngineMessages.open(request));
    } catch (IllegalArgumentException e) {
      // Longer than a frame may be; no context could hold such a prompt either.
      events.accept(tooLong(request.id()));
      return;
    }
    open.put(request.id(), new Progress(chunkTokens, request.emitted().tokens().size()));
    send(frame);
  }

  @Override
  public void cancel(long sequenceId) {
    send(
        EngineCommand.newBuilder()
            .setCancel(CancelSequence.newBuilder().setSequenceId(sequenceId))
            .build());
  }

  @Override
  public void embed(EmbeddingRequest request) {
    byte[] frame;
    try {
      frame = EngineFrames.encode(EngineMessages.embed(request));
    } catch (IllegalArgumentException e) {
      events.accept(
          new EngineEvent.NotEmbedded(
              request.id(), new EmbedReply.Refused(EmbedReply.Code.INVALID, TOO_LONG, 0)));
      return;
    }
    embedding.add(request.id());
    send(frame);
  }

  @Override
  public void cancelEmbedding(long requestId) {
    if (embedding.remove(requestId)) {
      send(
          EngineCommand.newBuilder()
              .setCancelEmbed(CancelEmbed.newBuilder().setRequestId(requestId))
              .build());
    }
  }

  @Override
  public void ping() {
    if (pinging) {
      return;
    }
    pinging = true;
    send(EngineCommand.newBuilder().setPing(Ping.newBuilder().setRequestId(++pings)).build());
  }

  @Override
  public Duration longestStep() {
    if (embeddings.only() && !embedding.isEmpty()) {
      return StepEstimate.MOST; // A text goes into one step whole.
    }
    return steps.longestStep(
        open.values().stream().mapToLong(Progress::pending).sum()
            + (long) embedding.size() * chunkTokens,
        open.size());
  }

  @Override
  public Future<Tokenization> tokenize(
      List<PromptSegment> prompt, boolean addBeginToken, boolean withPieces, int mostTokens) {
    return questions.tokenize(prompt, addBeginToken, withPieces, mostTokens);
  }

  @Override
  public Future<byte[]> detokenize(List<Integer> ids) {
    return questions.detokenize(ids);
  }

  @Override
  public long pid() {
    return child.pid();
  }

  @Override
  public void kill(String cause) {
    child.kill(cause);
  }

  private static final String TOO_LONG =
      "the request is longer than " + EngineFrames.MAX_MESSAGE_BYTES + " bytes";

  private static EngineEvent tooLong(long id) {
    return new EngineEvent.Refused(
        id, new OpenReply.Refused(OpenReply.Code.INVALID, TOO_LONG, "prompt"));
  }

  private void send(EngineCommand command) {
    send(EngineFrames.encode(command));
  }

  private void send(byte[] frame) {
    if (!child.write(frame)) {
      child.kill("it stopped reading its commands");
    }
  }

  /** On the reader thread. */
  private void readFrames(InputStream stdout) throws IOException {
    while (true) {
      byte[] message;
      try {
        message = EngineFrames.read(stdout);
      } catch (EOFException e) {
        return;
      }
      dev.bitfleet.proto.engine.v1.EngineEvent event;
      try {
        event = dev.bitfleet.proto.engine.v1.EngineEvent.parseFrom(message);
      } catch (InvalidProtocolBufferException e) {
        throw new IOException("it wrote bytes that are no message of the engine protocol", e);
      }
      switch (event.getEventCase()) {
        case LOADING -> {
          requireProtocol(event.getLoading().getProtocol());
        }
        case READY -> {
          requireProtocol(event.getReady().getProtocol());
          deliver(new EngineEvent.Ready(EngineMessages.description(event.getReady())));
        }
        case LOAD_FAILED ->
            deliver(
                new EngineEvent.LoadFailed(
                    event.getLoadFailed().getCode(), event.getLoadFailed().getMessage()));
        case ACCEPTED ->
            deliver(
                new EngineEvent.Accepted(
                    event.getAccepted().getSequenceId(),
                    event.getAccepted().getPromptTokens(),
                    event.getAccepted().getCachedTokens()));
        case REJECTED -> deliver(EngineMessages.rejected(event.getRejected()));
        case PIECE -> {
          int number = event.getPiece().getNumber();
          EngineEvent.Piece piece = EngineMessages.piece(event.getPiece());
          context.runOnContext(ignored -> onPiece(number, piece));
        }
        case FINISHED -> deliver(EngineMessages.finished(event.getFinished()));
        case PONG ->
            deliver(
                new EngineEvent.Pong(
                    event.getPong().getSteps(), event.getPong().getOpenSequences()));
        case FAULT ->
            LOG.error("the engine could not read a command: {}", event.getFault().getMessage());
        case EMBEDDED -> deliver(EngineMessages.embedded(event.getEmbedded()));
        case PROMPT_SCORED -> deliver(EngineMessages.promptScored(event.getPromptScored()));
        case TOKENIZED ->
            context.runOnContext(
                ignored -> onAnswer(() -> questions.answered(event.getTokenized())));
        case DETOKENIZED ->
            context.runOnContext(
                ignored -> onAnswer(() -> questions.answered(event.getDetokenized())));
        case EVENT_NOT_SET -> LOG.warn("the engine sent an event this build does not know");
      }
    }
  }

  private static void requireProtocol(int protocol) throws IOException {
    if (protocol != ProtocolVersion.ENGINE.major()) {
      throw new IOException(
          "it speaks engine protocol "
              + Integer.toUnsignedString(protocol)
              + ", this worker "
              + ProtocolVersion.ENGINE.major());
    }
  }

  private void deliver(EngineEvent event) {
    context.runOnContext(ignored -> onEvent(event));
  }

  private void onPiece(int number, EngineEvent.Piece piece) {
    if (broken) {
      return;
    }
    Progress sequence = open.get(piece.sequenceId());
    if (sequence == null || !sequence.accepted || sequence.nextPiece != number) {
      breach("a piece out of turn");
      return;
    }
    if (piece.tokens().isEmpty() && !piece.text().isEmpty()) {
      breach("text without its tokens");
      return;
    }
    if (piece.tokens().stream().anyMatch(token -> token.id() < 0 || token.id() >= vocabulary)) {
      breach("a token that does not exist");
      return;
    }
    sequence.nextPiece++;
    sequence.tokens += piece.tokens().size();
    pass(piece);
  }

  private void onEvent(EngineEvent event) {
    if (broken) {
      return;
    }
    switch (event) {
      case EngineEvent.EndOfSequence end -> {
        Progress sequence = open.remove(end.sequenceId());
        if (sequence == null) {
          breach("the end of a sequence that is not open");
          return;
        }
        if (end instanceof EngineEvent.Finished finished) {
          Optional<String> fault = sequence.faultOf(finished);
          if (fault.isPresent()) {
            breach(fault.get());
            return;
          }
          steps.learn(finished);
        }
      }
      case EngineEvent.OfSequence of -> {
        Progress sequence = open.get(of.sequenceId());
        if (sequence == null) {
          breach("an event of a sequence that is not open");
          return;
        }
        if (of instanceof EngineEvent.PromptScored
            && (!sequence.accepted || sequence.nextPiece > 0)) {
          breach("the scores of a prompt out of turn");
          return;
        }
        if (of instanceof EngineEvent.Accepted accepted) {
          if (sequence.accepted) {
            breach("a sequence accepted twice");
            return;
          }
          sequence.accepted = true;
          sequence.promptTokens = accepted.promptTokens();
          sequence.uncached = accepted.promptTokens() - accepted.cachedTokens();
        }
      }
      case EngineEvent.Pong ignored -> pinging = false;
      case EngineEvent.Ready ready -> {
        embeddings = ready.description().embeddings();
        vocabulary = ready.description().vocabularySize();
      }
      case EngineEvent.OfEmbedding of -> {
        if (!embedding.remove(of.requestId())) {
          return; // It crossed our giving it up.
        }
        if (of instanceof EngineEvent.Embedded embedded
            && embedded.embedding().values().length != embeddings.size()) {
          breach("an embedding of another size than announced");
          return;
        }
      }
      default -> {}
    }
    pass(event);
  }

  private void onAnswer(BooleanSupplier asked) {
    if (!broken && !asked.getAsBoolean()) {
      breach("an answer to what nobody asked");
    }
  }

  private void breach(String what) {
    broken = true;
    if (!over) {
      child.kill("it broke the engine protocol: " + what);
    }
  }

  private void pass(EngineEvent event) {
    if (!over) {
      events.accept(event);
    }
  }

  private void end(String cause, List<String> stderr) {
    over = true;
    open.clear();
    embedding.clear();
    questions.end("the engine was lost: " + cause);
    events.accept(new EngineEvent.Lost(cause, stderr));
  }
}
