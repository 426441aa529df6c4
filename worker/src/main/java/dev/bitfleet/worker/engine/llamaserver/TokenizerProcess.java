package dev.bitfleet.worker.engine.llamaserver;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.bitfleet.proto.EngineFrames;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.EngineEvent;
import dev.bitfleet.proto.engine.v1.Ready;
import dev.bitfleet.proto.engine.v1.SequenceRejected;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.TextException;
import dev.bitfleet.worker.engine.Tokenization;
import dev.bitfleet.worker.engine.builtin.EngineMessages;
import dev.bitfleet.worker.engine.builtin.TextQuestions;
import dev.bitfleet.worker.engine.process.ChildProcess;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Our own tokenizer for the same model file, beside a llama-server: it turns text into ids, so that
 * token counts are exact before the server is asked and no client's text ever reaches its parser.
 * Everything but the reading happens on the context it was made with.
 */
final class TokenizerProcess {
  private final Context context;
  private final ChildProcess child;
  private final TextQuestions questions = new TextQuestions(this::send);
  private final Map<Long, Promise<Void>> checking = new HashMap<>();
  private final Promise<Ready> ready = Promise.promise();
  private long checks;
  private boolean over;

  /** A request that no engine of ours would take. */
  static final class RefusedException extends Exception {
    private final transient OpenReply.Refused refusal;

    RefusedException(OpenReply.Refused refusal) {
      super(refusal.message());
      this.refusal = refusal;
    }

    OpenReply.Refused refusal() {
      return refusal;
    }
  }

  /**
   * @param ended hears of its end, with the cause
   */
  TokenizerProcess(Context context, ProcessBuilder command, Consumer<String> ended) {
    this.context = context;
    this.child =
        ChildProcess.start(
            "tokenizer",
            command,
            this::readFrames,
            (cause, stderr) ->
                context.runOnContext(
                    ignored -> {
                      over = true;
                      String message = "the tokenizer ended: " + cause;
                      ready.tryFail(message);
                      questions.end(message);
                      List.copyOf(checking.values()).forEach(promise -> promise.tryFail(message));
                      checking.clear();
                      ended.accept(message);
                    }));
  }

  /** What the tokenizer knows of the model; fails when it cannot read the file. */
  Future<Ready> ready() {
    return ready.future();
  }

  /** See {@link dev.bitfleet.worker.engine.Engine#tokenize}. */
  Future<Tokenization> tokenize(
      List<PromptSegment> prompt, boolean addBeginToken, boolean withPieces, int mostTokens) {
    return questions.tokenize(prompt, addBeginToken, withPieces, mostTokens);
  }

  /** See {@link dev.bitfleet.worker.engine.Engine#detokenize}. */
  Future<byte[]> detokenize(List<Integer> ids) {
    return questions.detokenize(ids);
  }

  private void send(byte[] frame) {
    if (!child.write(frame)) {
      child.kill("the tokenizer stopped reading its commands");
    }
  }

  /**
   * Whether our own engine would find nothing wrong with the request, its grammar above all: the
   * server ignores a grammar that it cannot read. Fails with {@link RefusedException} when not.
   */
  Future<Void> check(SequenceRequest request) {
    if (over) {
      return Future.failedFuture("the tokenizer ended");
    }
    long id = ++checks;
    EngineCommand.Builder command = EngineMessages.open(request).toBuilder();
    command.getOpenBuilder().setSequenceId(id);
    byte[] frame;
    try {
      frame = EngineFrames.encode(command.build());
    } catch (IllegalArgumentException e) {
      return Future.failedFuture(new TextException(String.valueOf(e.getMessage())));
    }
    Promise<Void> checked = Promise.promise();
    checking.put(id, checked);
    send(frame);
    return checked.future();
  }

  void kill(String cause) {
    child.kill(cause);
  }

  private void readFrames(InputStream stdout) throws IOException {
    while (true) {
      EngineEvent event;
      try {
        event = EngineEvent.parseFrom(EngineFrames.read(stdout));
      } catch (EOFException e) {
        return;
      } catch (InvalidProtocolBufferException e) {
        throw new IOException("it wrote bytes that are no message of the engine protocol", e);
      }
      context.runOnContext(ignored -> on(event));
    }
  }

  private void on(EngineEvent event) {
    switch (event.getEventCase()) {
      case READY -> ready.tryComplete(event.getReady());
      case LOAD_FAILED -> ready.tryFail(event.getLoadFailed().getMessage());
      case TOKENIZED -> heard(questions.answered(event.getTokenized()));
      case DETOKENIZED -> heard(questions.answered(event.getDetokenized()));
      case REJECTED -> on(event.getRejected());
      default -> {}
    }
  }

  /** It has no slots, so what it finds nothing wrong with it is too busy for. */
  private void on(SequenceRejected rejected) {
    Promise<Void> checked = checking.remove(rejected.getSequenceId());
    heard(checked != null);
    if (checked == null) {
      return;
    }
    try {
      if (EngineMessages.rejected(rejected)
          instanceof dev.bitfleet.worker.engine.EngineEvent.Refused refused) {
        checked.tryFail(new RefusedException(refused.refusal()));
      } else {
        checked.tryComplete();
      }
    } catch (IOException e) {
      checked.tryFail(e);
      child.kill(String.valueOf(e.getMessage()));
    }
  }

  private void heard(boolean asked) {
    if (!asked) {
      child.kill("it answered what nobody asked");
    }
  }
}
