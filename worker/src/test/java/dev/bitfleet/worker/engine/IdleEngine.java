package dev.bitfleet.worker.engine;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;

/** An engine of a test that does nothing but what the test adds. */
public abstract class IdleEngine implements Engine {
  @Override
  public void cancel(long sequenceId) {}

  @Override
  public void embed(EmbeddingRequest request) {}

  @Override
  public void cancelEmbedding(long requestId) {}

  @Override
  public Duration longestStep() {
    return Duration.ZERO;
  }

  @Override
  public Future<Tokenization> tokenize(
      List<PromptSegment> prompt, boolean addBeginToken, boolean withPieces, int mostTokens) {
    return Future.failedFuture("not asked here");
  }

  @Override
  public Future<byte[]> detokenize(List<Integer> ids) {
    return Future.failedFuture("not asked here");
  }

  @Override
  public long pid() {
    return 1;
  }

  @Override
  public void kill(String cause) {}
}
