package dev.bitfleet.worker.engine.llamaserver;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.bitfleet.proto.EngineFrames;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.EngineEvent;
import dev.bitfleet.proto.engine.v1.Ready;
import dev.bitfleet.proto.engine.v1.Tokenize;
import dev.bitfleet.proto.engine.v1.Tokenized;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.builtin.EngineMessages;
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
  private final Map<Long, Promise<List<Integer>>> waiting = new HashMap<>();
  private final Promise<Ready> ready = Promise.promise();
  private long requests;
  private boolean over;

  /** A prompt that cannot be tokenized: the request is at fault. */
  static final class TokenizeException extends Exception {
    TokenizeException(String message) {
      super(message);
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
                      List.copyOf(waiting.values()).forEach(promise -> promise.tryFail(message));
                      waiting.clear();
                      ended.accept(message);
                    }));
  }

  /** What the tokenizer knows of the model; fails when it cannot read the file. */
  Future<Ready> ready() {
    return ready.future();
  }

  /** The ids of a prompt. Fails with {@link TokenizeException} when the prompt is at fault. */
  Future<List<Integer>> tokenize(List<PromptSegment> prompt, boolean addBeginToken) {
    if (over) {
      return Future.failedFuture("the tokenizer ended");
    }
    Tokenize tokenize =
        Tokenize.newBuilder()
            .setRequestId(++requests)
            .addAllPrompt(EngineMessages.segments(prompt))
            .setAddBeginToken(addBeginToken)
            .build();
    byte[] frame;
    try {
      frame = EngineFrames.encode(EngineCommand.newBuilder().setTokenize(tokenize).build());
    } catch (IllegalArgumentException e) {
      return Future.failedFuture(new TokenizeException(String.valueOf(e.getMessage())));
    }
    Promise<List<Integer>> ids = Promise.promise();
    waiting.put(tokenize.getRequestId(), ids);
    if (!child.write(frame)) {
      child.kill("the tokenizer stopped reading its commands");
    }
    return ids.future();
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
      case TOKENIZED -> on(event.getTokenized());
      default -> {}
    }
  }

  private void on(Tokenized tokenized) {
    Promise<List<Integer>> ids = waiting.remove(tokenized.getRequestId());
    if (ids == null) {
      child.kill("it answered what nobody asked");
    } else if (tokenized.getError().isEmpty()) {
      ids.tryComplete(tokenized.getIdsList());
    } else {
      ids.tryFail(new TokenizeException(tokenized.getError()));
    }
  }
}
