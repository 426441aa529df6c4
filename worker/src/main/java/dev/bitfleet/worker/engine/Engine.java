package dev.bitfleet.worker.engine;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;

/**
 * One life of one native engine process. What it has to say comes as {@link EngineEvent}s; a new
 * life is a new object.
 *
 * <p>Every method is called on the context the engine was launched from, and returns at once: none
 * waits for the process. After {@link EngineEvent.Lost} calls do nothing.
 */
public interface Engine {

  /**
   * Opens a sequence. Answered by {@link EngineEvent.Accepted} or by the {@link
   * EngineEvent.EndOfSequence} that turns it down, unless the engine is lost first.
   */
  void open(SequenceRequest request);

  /**
   * Ends a sequence early; its {@link EngineEvent.EndOfSequence} still comes. Unknown ids are
   * ignored: the two may cross.
   */
  void cancel(long sequenceId);

  /**
   * Embeds a text. Answered by one {@link EngineEvent.OfEmbedding}, unless it is given up or the
   * engine is lost first.
   */
  void embed(EmbeddingRequest request);

  /** Gives a text up; its answer may cross this. Unknown ids are ignored. */
  void cancelEmbedding(long requestId);

  /**
   * Asks the thread that steps the model for a sign of life: {@link EngineEvent.Pong}. Does nothing
   * while an earlier question is under way, so that it may be called at every tick; one that failed
   * is not under way any more.
   */
  void ping();

  /**
   * How long a healthy engine may be silent just now: its longest step, from what has been measured
   * of it. Zero while nothing has been measured.
   */
  Duration longestStep();

  /**
   * Turns a prompt into tokens. Takes no slot and does not wait for steps of the model. Fails with
   * {@link TextException} when the prompt is at fault, with another exception when the engine is
   * lost first.
   *
   * @param withPieces whether the bytes of each token are wanted
   * @param mostTokens above 0: a text that has more by its length alone is not tokenized, so that
   *     it keeps nobody waiting
   */
  Future<Tokenization> tokenize(
      List<PromptSegment> prompt, boolean addBeginToken, boolean withPieces, int mostTokens);

  /** The bytes of some tokens, control tokens as their names; fails as {@link #tokenize} does. */
  Future<byte[]> detokenize(List<Integer> ids);

  /** Process id, 0 before it is spawned and after it is gone. */
  long pid();

  /** Kills the process at once; the cause is what {@link EngineEvent.Lost} will say. */
  void kill(String cause);
}
