package dev.bitfleet.worker.engine.builtin;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.EngineFrames;
import dev.bitfleet.proto.engine.v1.Detokenize;
import dev.bitfleet.proto.engine.v1.Detokenized;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.Tokenize;
import dev.bitfleet.proto.engine.v1.Tokenized;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.TextException;
import dev.bitfleet.worker.engine.Tokenization;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Questions to one process's tokenizer that wait for their answers. Used by one context. Who owns
 * the process hands answers in and says when there will be no more.
 */
public final class TextQuestions {
  private final Consumer<byte[]> frames;
  private final Map<Long, Promise<Tokenization>> tokenizing = new HashMap<>();
  private final Map<Long, Promise<byte[]>> detokenizing = new HashMap<>();
  private long questions;
  private @Nullable String over;

  /**
   * @param frames takes each question as a frame for the process
   */
  public TextQuestions(Consumer<byte[]> frames) {
    this.frames = frames;
  }

  /** See {@link dev.bitfleet.worker.engine.Engine#tokenize}. */
  public Future<Tokenization> tokenize(
      List<PromptSegment> prompt, boolean addBeginToken, boolean withPieces, int mostTokens) {
    long id = ++questions;
    return ask(
        id,
        EngineCommand.newBuilder()
            .setTokenize(
                Tokenize.newBuilder()
                    .setRequestId(id)
                    .addAllPrompt(EngineMessages.segments(prompt))
                    .setAddBeginToken(addBeginToken)
                    .setWithPieces(withPieces)
                    .setMostTokens(mostTokens))
            .build(),
        tokenizing);
  }

  /** See {@link dev.bitfleet.worker.engine.Engine#detokenize}. */
  public Future<byte[]> detokenize(List<Integer> ids) {
    long id = ++questions;
    return ask(
        id,
        EngineCommand.newBuilder()
            .setDetokenize(
                Detokenize.newBuilder().setRequestId(id).addAllIds(ids).setRenderControl(true))
            .build(),
        detokenizing);
  }

  private <T> Future<T> ask(long id, EngineCommand command, Map<Long, Promise<T>> waiting) {
    if (over != null) {
      return Future.failedFuture(over);
    }
    byte[] frame;
    try {
      frame = EngineFrames.encode(command);
    } catch (IllegalArgumentException e) {
      return Future.failedFuture(new TextException(String.valueOf(e.getMessage())));
    }
    Promise<T> answer = Promise.promise();
    waiting.put(id, answer);
    frames.accept(frame);
    return answer.future();
  }

  /**
   * Takes an answer in.
   *
   * @return false when nobody asked
   */
  public boolean answered(Tokenized tokenized) {
    Promise<Tokenization> waiting = tokenizing.remove(tokenized.getRequestId());
    if (waiting == null) {
      return false;
    }
    if (!tokenized.getError().isEmpty()) {
      waiting.fail(new TextException(tokenized.getError()));
    } else {
      waiting.complete(
          new Tokenization(
              tokenized.getIdsList(),
              tokenized.getPiecesList().stream().map(ByteString::toByteArray).toList(),
              Math.max(tokenized.getIdsCount(), tokenized.getAtLeast())));
    }
    return true;
  }

  /** The same for text. */
  public boolean answered(Detokenized detokenized) {
    Promise<byte[]> waiting = detokenizing.remove(detokenized.getRequestId());
    if (waiting == null) {
      return false;
    }
    if (detokenized.getError().isEmpty()) {
      waiting.complete(detokenized.getText().toByteArray());
    } else {
      waiting.fail(new TextException(detokenized.getError()));
    }
    return true;
  }

  /** There will be no more answers. */
  public void end(String cause) {
    over = cause;
    List.copyOf(tokenizing.values()).forEach(promise -> promise.tryFail(cause));
    List.copyOf(detokenizing.values()).forEach(promise -> promise.tryFail(cause));
    tokenizing.clear();
    detokenizing.clear();
  }
}
