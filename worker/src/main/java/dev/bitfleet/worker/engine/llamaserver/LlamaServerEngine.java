package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.engine.v1.Ready;
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
import io.vertx.core.Vertx;
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
 * name no tokens, so a completion that broke off goes on after its text, which is tokenized anew
 * and becomes part of the prompt: nothing of it is lost or said twice, but what follows is drawn
 * afresh.
 */
final class LlamaServerEngine implements Engine {
  private static final Duration HEALTH_INTERVAL = Duration.ofMillis(50);
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
  private final Map<Long, ServerSequence> open = new HashMap<>();
  private @Nullable Ready tokenizerReady;
  private boolean healthy;
  private boolean over;

  /** It broke its protocol and is being killed: of what it says after that nothing is believed. */
  private boolean broken;

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
    Optional<OpenReply.Refused> refusal = RequestCheck.ofWishes(request);
    if (refusal.isPresent()) {
      events.accept(new EngineEvent.Refused(request.id(), refusal.get()));
      return;
    }
    ServerSequence sequence =
        new ServerSequence(vertx, settings, client, slots, request, new SequenceOwner());
    open.put(request.id(), sequence);
    Future<Void> checked =
        request.grammar().isEmpty() ? Future.succeededFuture() : tokenizer.check(request);
    checked
        .compose(ok -> tokens(request, request.prompt()))
        .compose(
            prompt ->
                emitted(request, prompt).onSuccess(emitted -> sequence.start(prompt, emitted)))
        .onFailure(sequence::notTokenized);
  }

  private Future<List<Integer>> tokens(SequenceRequest request, List<PromptSegment> prompt) {
    return tokenizer.tokenize(prompt, request.addBeginToken(), false, 0).map(Tokenization::ids);
  }

  /**
   * The tokens to go on after. They are told apart from the prompt's, and never merge with them.
   */
  private Future<List<Integer>> emitted(SequenceRequest request, List<Integer> prompt) {
    if (request.emitted().text().isEmpty()) {
      return Future.succeededFuture(request.emitted().tokens());
    }
    List<PromptSegment> whole = new ArrayList<>(request.prompt());
    whole.add(new PromptSegment.Tokens(List.of()));
    whole.add(new PromptSegment.Text(request.emitted().text()));
    return tokens(request, whole).map(ids -> ids.subList(prompt.size(), ids.size()));
  }

  @Override
  public void cancel(long sequenceId) {
    ServerSequence sequence = open.get(sequenceId);
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
        open.values().stream().mapToLong(ServerSequence::pending).sum(), open.size());
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
    if (!over && !broken) {
      events.accept(event);
    }
  }

  // ---- its sequences -------------------------------------------------------------------------

  private final class SequenceOwner implements ServerSequence.Owner {
    @Override
    public boolean has(ServerSequence sequence) {
      return !over && !broken && open.get(sequence.request().id()) == sequence;
    }

    @Override
    public int vocabulary() {
      return tokenizerReady == null ? 0 : tokenizerReady.getVocabularySize();
    }

    @Override
    public void pass(EngineEvent event) {
      LlamaServerEngine.this.pass(event);
    }

    @Override
    public void ended(ServerSequence sequence, EngineEvent.EndOfSequence end) {
      open.remove(sequence.request().id());
      if (end instanceof EngineEvent.Finished finished) {
        steps.learn(finished);
      }
      LlamaServerEngine.this.pass(end);
    }

    @Override
    public void protocolBroken(String what) {
      broken = true;
      server.kill("it broke its protocol: " + what);
    }
  }
}
