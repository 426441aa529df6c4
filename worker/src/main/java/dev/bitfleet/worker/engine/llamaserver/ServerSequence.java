package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.TextException;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One sequence on its way through llama-server: from its tokens to a request, and from the answer's
 * lines to events. Event loop of the engine's worker.
 */
final class ServerSequence {
  /** The engine it belongs to. */
  interface Owner {
    /** Whether the sequence is still open, and the engine alive. */
    boolean has(ServerSequence sequence);

    /** Ids there are; 0 while that is unknown. */
    int vocabulary();

    /** Something happened to it that is not its end. */
    void pass(EngineEvent event);

    /** It is over; nothing follows. */
    void ended(ServerSequence sequence, EngineEvent.EndOfSequence end);

    /** The server sent what cannot be understood. */
    void protocolBroken(String what);
  }

  // A dying process closes its connections first: its own end is to be heard before a stream's.
  private static final Duration DEATH_NOTICE = Duration.ofMillis(500);

  private final Vertx vertx;
  private final LlamaServerLauncher.Settings settings;
  private final LlamaServerClient client;
  private final ServerSlots slots;
  private final SequenceRequest request;
  private final Owner owner;
  private final StopMatcher stops;
  private final EventStreamLines lines = new EventStreamLines();
  private Optional<ServerSlots.Choice> slot = Optional.empty();
  private Optional<LlamaServerClient.Streaming> streaming = Optional.empty();
  private int promptTokens;
  private int emittedTokens;
  private int chunks;
  private boolean accepted;

  ServerSequence(
      Vertx vertx,
      LlamaServerLauncher.Settings settings,
      LlamaServerClient client,
      ServerSlots slots,
      SequenceRequest request,
      Owner owner) {
    this.vertx = vertx;
    this.settings = settings;
    this.client = client;
    this.slots = slots;
    this.request = request;
    this.owner = owner;
    this.stops = new StopMatcher(request.stopStrings());
  }

  SequenceRequest request() {
    return request;
  }

  private void accept() {
    if (!gone() && !accepted) {
      accepted = true;
      owner.pass(new EngineEvent.Accepted(request.id(), promptTokens, 0));
    }
  }

  /** Prompt tokens that may not be computed yet. */
  int pending() {
    return chunks == 0 ? promptTokens : 0;
  }

  private boolean gone() {
    return !owner.has(this);
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

  /**
   * Asks the server.
   *
   * @param emitted tokens of the completion that come before what is asked for
   */
  void start(List<Integer> prompt, List<Integer> emitted) {
    if (gone()) {
      return;
    }
    int context =
        request.contextLimit() == 0
            ? settings.contextLength()
            : Math.min(request.contextLimit(), settings.contextLength());
    Optional<OpenReply.Refused> refusal =
        RequestCheck.ofTokens(request, prompt, emitted, context, owner.vocabulary());
    if (refusal.isPresent()) {
      finish(new EngineEvent.Refused(request.id(), refusal.get()));
      return;
    }
    promptTokens = prompt.size();
    emittedTokens = emitted.size();
    List<Integer> whole = new ArrayList<>(prompt);
    whole.addAll(emitted);
    int room = context - whole.size();
    int wanted = request.maxTokens() == 0 ? room : request.maxTokens() - emittedTokens;
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
      owner.protocolBroken(String.valueOf(e.getMessage()));
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
      owner.pass(new EngineEvent.Piece(request.id(), text, List.of(), false));
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
    int whole = promptTokens + emittedTokens;
    int cached = evaluated < 0 ? 0 : Math.clamp(whole - evaluated, 0, promptTokens);
    return new EngineEvent.Finished(
        request.id(),
        reason,
        stop,
        new Usage(promptTokens, cached, emittedTokens + predicted),
        prefillMicros,
        decodeMicros);
  }

  private void finish(EngineEvent.EndOfSequence end) {
    slot.ifPresent(taken -> slots.release(taken.slot()));
    // Closing the connection is how the server learns that nobody listens.
    streaming.ifPresent(LlamaServerClient.Streaming::close);
    owner.ended(this, end);
  }
}
