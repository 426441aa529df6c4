package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.proto.engine.v1.Ready;
import dev.bitfleet.worker.engine.EmbeddingRequest;
import dev.bitfleet.worker.engine.Engine;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.StepEstimate;
import dev.bitfleet.worker.engine.TextException;
import dev.bitfleet.worker.engine.Tokenization;
import dev.bitfleet.worker.engine.process.ChildProcess;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One life of a llama-server process and of the tokenizer beside it; either's end ends both.
 *
 * <p>What this engine cannot do is refused, not imitated: logprobs (asking for them ends the server
 * when its output is not whole UTF-8), scores of the prompt, stop tokens of the caller. Its pieces
 * name no tokens, and {@code emitted} tokens go on as part of the prompt: exact for greedy
 * sampling, a fresh draw for any other.
 */
final class LlamaServerEngine implements Engine {
  private static final Duration HEALTH_INTERVAL = Duration.ofMillis(50);
  // A dying process closes its connections first: its own end is to be heard before a stream's.
  private static final Duration DEATH_NOTICE = Duration.ofMillis(500);
  // A lost answer must leave time for another question before the supervisor loses its patience.
  private static final Duration SHORTEST_PING_TIMEOUT = Duration.ofMillis(500);

  /** Where the server listens, and the key it wants. */
  record Endpoint(int port, String key) {}

  private final Vertx vertx;
  private final Context context;
  private final Consumer<EngineEvent> events;
  private final Path program;
  private final LlamaServerLauncher.Settings settings;
  private final StepEstimate steps = new StepEstimate(LlamaServerLauncher.BATCH_TOKENS);
  private final LlamaServerClient client;
  private final TokenizerProcess tokenizer;
  private final ChildProcess server;
  private final ServerSlots slots;
  private final Map<Long, Sequence> open = new HashMap<>();
  private @Nullable Ready tokenizerReady;
  private boolean healthy;
  private boolean over;
  private boolean loadFailed;
  private boolean pinging;

  LlamaServerEngine(
      Vertx vertx,
      ProcessBuilder serverCommand,
      ProcessBuilder tokenizerCommand,
      Endpoint endpoint,
      Path program,
      LlamaServerLauncher.Settings settings,
      Consumer<EngineEvent> events) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.events = events;
    this.program = program;
    this.settings = settings;
    this.slots = new ServerSlots(settings.slots());
    this.client = new LlamaServerClient(vertx, endpoint);
    this.server =
        ChildProcess.start(
            "llama-server",
            serverCommand,
            LlamaServerEngine::worthKeeping,
            LlamaServerEngine::drain,
            (cause, stderr) -> context.runOnContext(ignored -> end(cause, stderr)));
    this.tokenizer = new TokenizerProcess(context, tokenizerCommand, server::kill);
    tokenizer
        .ready()
        .onComplete(
            ready -> {
              tokenizerReady = ready;
              announceWhenReady();
            },
            problem -> {
              failLoad(String.valueOf(problem.getMessage()));
              server.kill("its model cannot be tokenized for");
            });
    awaitHealth();
  }

  @Override
  public void open(SequenceRequest request) {
    Optional<OpenReply.Refused> refusal = unsupported(request);
    if (refusal.isPresent()) {
      events.accept(new EngineEvent.Refused(request.id(), refusal.get()));
      return;
    }
    Sequence sequence = new Sequence(request);
    open.put(request.id(), sequence);
    Future<Void> checked =
        request.grammar().isEmpty() ? Future.succeededFuture() : tokenizer.check(request);
    checked
        .compose(ok -> tokenizer.tokenize(request.prompt(), request.addBeginToken(), false, 0))
        .onComplete(tokens -> sequence.start(tokens.ids()), sequence::notTokenized);
  }

  @Override
  public void cancel(long sequenceId) {
    Sequence sequence = open.get(sequenceId);
    if (sequence != null) {
      sequence.cancel();
    }
  }

  @Override
  public void embed(EmbeddingRequest request) {
    events.accept(
        new EngineEvent.NotEmbedded(
            request.id(),
            new EmbedReply.Refused(
                EmbedReply.Code.NOT_AN_EMBEDDING_MODEL,
                "embeddings are not available with llama-server as the engine",
                0)));
  }

  @Override
  public void cancelEmbedding(long requestId) {}

  @Override
  public void ping() {
    if (pinging || over) {
      return;
    }
    pinging = true;
    client
        .metrics(pingTimeout())
        .onComplete(
            pong -> {
              pinging = false;
              pass(pong);
            },
            problem -> pinging = false);
  }

  private Duration pingTimeout() {
    Duration steps = longestStep().multipliedBy(2);
    return steps.compareTo(SHORTEST_PING_TIMEOUT) > 0 ? steps : SHORTEST_PING_TIMEOUT;
  }

  @Override
  public Duration longestStep() {
    return steps.longestStep(
        open.values().stream().mapToLong(Sequence::pending).sum(), open.size());
  }

  @Override
  public Future<Tokenization> tokenize(
      List<PromptSegment> prompt, boolean addBeginToken, boolean withPieces, int mostTokens) {
    return tokenizer.tokenize(prompt, addBeginToken, withPieces, mostTokens);
  }

  @Override
  public Future<byte[]> detokenize(List<Integer> ids) {
    return tokenizer.detokenize(ids);
  }

  @Override
  public long pid() {
    return server.pid();
  }

  @Override
  public void kill(String cause) {
    server.kill(cause);
  }

  private static Optional<OpenReply.Refused> unsupported(SequenceRequest request) {
    if (request.topLogprobs().isPresent()) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID, "llama-server gives no reliable logprobs", "logprobs"));
    }
    if (request.promptScoring() != PromptScoring.NONE) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID, "llama-server tells nothing of a prompt's tokens", "echo"));
    }
    if (!request.grammar().isEmpty() && !request.emitted().isEmpty()) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID,
              "llama-server cannot go on with an answer that follows a grammar",
              "grammar"));
    }
    if (!request.stopTokens().isEmpty()) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID, "llama-server takes no stop tokens", "stop_tokens"));
    }
    return Optional.empty();
  }

  // ---- start and end -------------------------------------------------------------------------

  /** The server logs there too; nothing in it is for us. */
  private static void drain(InputStream stdout) throws IOException {
    stdout.transferTo(OutputStream.nullOutputStream());
  }

  /** It logs every request and every idle moment; our pings alone would fill the ring. */
  private static boolean worthKeeping(String line) {
    return !line.startsWith("request: ") && !line.contains("update_slots:");
  }

  private void awaitHealth() {
    if (over) {
      return;
    }
    client
        .healthy()
        .onComplete(
            ok -> {
              if (ok) {
                healthy = true;
                announceWhenReady();
              } else {
                vertx.setTimer(HEALTH_INTERVAL.toMillis(), ignored -> awaitHealth());
              }
            },
            problem -> vertx.setTimer(HEALTH_INTERVAL.toMillis(), ignored -> awaitHealth()));
  }

  private void announceWhenReady() {
    Ready known = tokenizerReady;
    if (!healthy || known == null) {
      return;
    }
    vertx
        .executeBlocking(() -> ModelFingerprint.of(settings))
        .onComplete(
            fingerprint ->
                pass(
                    new EngineEvent.Ready(
                        new EngineDescription(
                            "",
                            "",
                            settings.threads(),
                            settings.slots(),
                            settings.contextLength(),
                            settings.model().architecture(),
                            known.getVocabularySize(),
                            fingerprint.hex(),
                            known.getParameters(),
                            fingerprint.fileBytes(),
                            known.getAssumptionsList()))),
            problem -> server.kill("its model file cannot be read: " + problem));
  }

  /** Server and tokenizer read the same file, and both may find fault with it: one of them says. */
  private void failLoad(String message) {
    if (!loadFailed) {
      loadFailed = true;
      pass(new EngineEvent.LoadFailed("bad_file", message));
    }
  }

  private void end(String cause, List<String> stderr) {
    if (!healthy) {
      stderr.stream()
          .filter(line -> line.contains("error loading model") || line.contains("failed to load"))
          .findFirst()
          .ifPresent(line -> failLoad(line.strip()));
    }
    over = true;
    tokenizer.kill("the server ended");
    open.clear();
    client.close();
    events.accept(
        new EngineEvent.Lost(
            healthy
                ? cause
                : cause
                    + "; "
                    + program
                    + " never answered /health: check that it is a llama-server that runs here",
            stderr));
  }

  private void pass(EngineEvent event) {
    if (!over) {
      events.accept(event);
    }
  }

  // ---- one sequence --------------------------------------------------------------------------

  private final class Sequence {
    private final SequenceRequest request;
    private final StopMatcher stops;
    private final EventStreamLines lines = new EventStreamLines();
    private Optional<ServerSlots.Choice> slot = Optional.empty();
    private Optional<LlamaServerClient.Streaming> streaming = Optional.empty();
    private int promptTokens;
    private int chunks;
    private boolean accepted;

    Sequence(SequenceRequest request) {
      this.request = request;
      this.stops = new StopMatcher(request.stopStrings());
    }

    private void accept() {
      if (!gone() && !accepted) {
        accepted = true;
        pass(new EngineEvent.Accepted(request.id(), promptTokens, 0));
      }
    }

    /** Prompt tokens that may not be computed yet. */
    private int pending() {
      return chunks == 0 ? promptTokens : 0;
    }

    private boolean gone() {
      return over || open.get(request.id()) != this;
    }

    void notTokenized(Throwable problem) {
      if (gone()) {
        return;
      }
      if (problem instanceof TokenizerProcess.RefusedException refused) {
        finish(new EngineEvent.Refused(request.id(), refused.refusal()));
      } else if (problem instanceof TextException) {
        finish(
            new EngineEvent.Refused(
                request.id(),
                new OpenReply.Refused(
                    OpenReply.Code.INVALID, String.valueOf(problem.getMessage()), "prompt")));
      } else {
        finish(new EngineEvent.Busy(request.id(), String.valueOf(problem.getMessage())));
      }
    }

    void start(List<Integer> prompt) {
      if (gone()) {
        return;
      }
      int context =
          request.contextLimit() == 0
              ? settings.contextLength()
              : Math.min(request.contextLimit(), settings.contextLength());
      int vocabulary = tokenizerReady == null ? 0 : tokenizerReady.getVocabularySize();
      Optional<OpenReply.Refused> refusal = refusal(prompt, context, vocabulary);
      if (refusal.isPresent()) {
        finish(new EngineEvent.Refused(request.id(), refusal.get()));
        return;
      }
      promptTokens = prompt.size();
      List<Integer> whole = new ArrayList<>(prompt);
      whole.addAll(request.emitted());
      int room = context - whole.size();
      int wanted = request.maxTokens() == 0 ? room : request.maxTokens() - request.emitted().size();
      if (room < 1 || wanted < 1) {
        accept();
        finish(finished(FinishReason.LENGTH, "", 0, 0, 0, 0));
        return;
      }
      slot = slots.take(request.cacheScope());
      if (slot.isEmpty()) {
        finish(new EngineEvent.Busy(request.id(), "no slot free"));
        return;
      }
      String body =
          CompletionBody.json(
              request,
              whole,
              Math.min(room, wanted),
              settings.contextLength(),
              slot.get().slot(),
              slot.get().reuse(),
              settings.model().controlTokens().idOfText().values());
      streaming =
          Optional.of(
              client.complete(
                  body,
                  new LlamaServerClient.Listener() {
                    @Override
                    public void begun() {
                      accept();
                    }

                    @Override
                    public void bytes(Buffer bytes) {
                      onBytes(bytes);
                    }

                    @Override
                    public void refused(int status, String message) {
                      turnedDown(status, message);
                    }

                    @Override
                    public void ended(String how) {
                      broken(how);
                    }
                  }));
    }

    private Optional<OpenReply.Refused> refusal(List<Integer> prompt, int context, int vocabulary) {
      if (prompt.isEmpty()) {
        return Optional.of(
            new OpenReply.Refused(
                OpenReply.Code.EMPTY_PROMPT, "the prompt holds no token", "prompt"));
      }
      if (prompt.size() >= context) {
        return Optional.of(
            new OpenReply.Refused(
                OpenReply.Code.CONTEXT_LENGTH_EXCEEDED,
                "the prompt has %d tokens, the context %d".formatted(prompt.size(), context),
                "prompt",
                prompt.size(),
                context));
      }
      // The server wraps ids to 32 bits, and one outside fails everybody in the same batch.
      if (prompt.stream().anyMatch(id -> id < 0 || id >= vocabulary)) {
        return invalid("prompt");
      }
      if (request.emitted().stream().anyMatch(id -> id < 0 || id >= vocabulary)) {
        return invalid("emitted");
      }
      if (request.sampling().logitBias().keySet().stream().anyMatch(id -> id >= vocabulary)) {
        return invalid("logit_bias");
      }
      return Optional.empty();
    }

    private static Optional<OpenReply.Refused> invalid(String param) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID, param + " names a token that does not exist", param));
    }

    private void turnedDown(int status, String message) {
      if (gone()) {
        return;
      }
      if (status >= 400 && status < 500) {
        // The body we wrote is at fault, and would be elsewhere: an accepted stream that fails is
        // not sent again, one that was never accepted is.
        accept();
        finish(new EngineEvent.Failed(request.id(), message));
      } else {
        finish(new EngineEvent.Busy(request.id(), message));
      }
    }

    private void onBytes(Buffer bytes) {
      if (gone()) {
        return;
      }
      try {
        for (String line : lines.accept(bytes)) {
          on(CompletionChunk.parse(line));
          if (gone()) {
            return;
          }
        }
      } catch (IOException e) {
        server.kill("it broke its protocol: " + e.getMessage());
      }
    }

    private void on(CompletionChunk chunk) {
      switch (chunk) {
        case CompletionChunk.Text text -> {
          chunks++;
          piece(stops.accept(text.content()));
          if (!stops.matched().isEmpty()) {
            finish(finished(FinishReason.STOP_STRING, stops.matched(), chunks, -1, 0, 0));
          }
        }
        case CompletionChunk.Last last -> {
          piece(stops.accept(last.content()) + stops.rest());
          boolean stopped = !stops.matched().isEmpty();
          finish(
              finished(
                  stopped ? FinishReason.STOP_STRING : last.reason(),
                  stops.matched(),
                  last.predicted(),
                  last.evaluated(),
                  last.prefillMicros(),
                  last.decodeMicros()));
        }
        case CompletionChunk.Error error ->
            finish(new EngineEvent.Failed(request.id(), error.message()));
        case CompletionChunk.Nothing ignored -> {}
      }
    }

    private void piece(String text) {
      if (!text.isEmpty()) {
        pass(new EngineEvent.Piece(request.id(), text, List.of()));
      }
    }

    void cancel() {
      if (!gone()) {
        if (!accepted) {
          finish(new EngineEvent.Busy(request.id(), "cancelled"));
        } else {
          finish(finished(FinishReason.CANCELLED, "", chunks, -1, 0, 0));
        }
      }
    }

    /** The connection ended before the last chunk did. */
    private void broken(String how) {
      if (gone()) {
        return;
      }
      vertx.setTimer(
          DEATH_NOTICE.toMillis(),
          ignored -> {
            if (!gone()) {
              finish(
                  new EngineEvent.Failed(
                      request.id(), "the stream broke off before its last chunk: " + how));
            }
          });
    }

    private EngineEvent.Finished finished(
        FinishReason reason,
        String stop,
        int predicted,
        int evaluated,
        long prefillMicros,
        long decodeMicros) {
      int whole = promptTokens + request.emitted().size();
      int cached = evaluated < 0 ? 0 : Math.clamp(whole - evaluated, 0, promptTokens);
      return new EngineEvent.Finished(
          request.id(),
          reason,
          stop,
          new Usage(promptTokens, cached, request.emitted().size() + predicted),
          prefillMicros,
          decodeMicros);
    }

    private void finish(EngineEvent.EndOfSequence end) {
      open.remove(request.id());
      slot.ifPresent(taken -> slots.release(taken.slot()));
      // Closing the connection is how the server learns that nobody listens.
      streaming.ifPresent(LlamaServerClient.Streaming::close);
      if (end instanceof EngineEvent.Finished finished) {
        steps.learn(finished);
      }
      pass(end);
    }
  }
}
