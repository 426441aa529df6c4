package dev.bitfleet.worker.engine;

import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import java.util.List;
import java.util.Objects;

/**
 * What one life of an engine brings: at most one {@link Ready}, then events of sequences, and
 * {@link Lost} last of all, always exactly once. Delivered on the context the engine was launched
 * from.
 */
public sealed interface EngineEvent {

  /** An event of one sequence. */
  sealed interface OfSequence extends EngineEvent {
    long sequenceId();
  }

  /** After this the sequence is over and its slot is free. Exactly one for each open. */
  sealed interface EndOfSequence extends OfSequence {}

  /** The model is loaded and sequences can be opened. */
  record Ready(EngineDescription description) implements EngineEvent {
    public Ready {
      Objects.requireNonNull(description);
    }
  }

  /** The model cannot be loaded; {@link Lost} follows, and no restart will help. */
  record LoadFailed(String code, String message) implements EngineEvent {
    public LoadFailed {
      Objects.requireNonNull(code);
      Objects.requireNonNull(message);
    }
  }

  /** The sequence has a slot and its prompt fits. */
  record Accepted(long sequenceId, int promptTokens, int cachedTokens) implements OfSequence {}

  /** No slot was free after all. */
  record Busy(long sequenceId, String reason) implements EndOfSequence {
    public Busy {
      Objects.requireNonNull(reason);
    }
  }

  /** The request itself is at fault. */
  record Refused(long sequenceId, OpenReply.Refused refusal) implements EndOfSequence {
    public Refused {
      Objects.requireNonNull(refusal);
    }
  }

  /** Tokens of the prompt, in order: before the first piece, when the request asked for them. */
  record PromptScored(long sequenceId, List<TokenDetail> tokens) implements OfSequence {
    public PromptScored {
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * More of the completion.
   *
   * @param text whole UTF-8, may be empty
   * @param tokens those the text came from; empty from an engine that does not name its tokens
   * @param shortened under a grammar: the limit of tokens has had a hand in the text so far
   */
  record Piece(long sequenceId, String text, List<TokenDetail> tokens, boolean shortened)
      implements OfSequence {
    public Piece {
      Objects.requireNonNull(text);
      tokens = List.copyOf(tokens);
    }
  }

  /** The completion is over: whole, or cancelled. */
  record Finished(
      long sequenceId,
      FinishReason reason,
      String matchedStop,
      Usage usage,
      long prefillMicros,
      long decodeMicros)
      implements EndOfSequence {
    public Finished {
      Objects.requireNonNull(reason);
      Objects.requireNonNull(matchedStop);
      Objects.requireNonNull(usage);
    }

    /** Whether the engine computed all of it. A cancelled one proves nothing about the engine. */
    public boolean whole() {
      return reason != FinishReason.CANCELLED;
    }
  }

  /** The engine gave up on this sequence alone. */
  record Failed(long sequenceId, String message) implements EndOfSequence {
    public Failed {
      Objects.requireNonNull(message);
    }
  }

  /** The answer to one {@link EmbeddingRequest}. */
  sealed interface OfEmbedding extends EngineEvent {
    long requestId();
  }

  /** The text is embedded. */
  record Embedded(long requestId, Embedding embedding) implements OfEmbedding {
    public Embedded {
      Objects.requireNonNull(embedding);
    }
  }

  /**
   * The text is not embedded.
   *
   * @param reply {@link EmbedReply.Busy} or {@link EmbedReply.Refused}
   */
  record NotEmbedded(long requestId, EmbedReply reply) implements OfEmbedding {
    public NotEmbedded {
      Objects.requireNonNull(reply);
    }
  }

  /**
   * Answers {@link Engine#ping}, from the thread that steps the model.
   *
   * @param steps model steps so far; must grow while sequences are open
   * @param openSequences as the engine counts them
   */
  record Pong(long steps, int openSequences) implements EngineEvent {}

  /**
   * The process is gone, and every sequence with it.
   *
   * @param cause one sentence: exit code, signal, or what it was killed for
   * @param stderrTail the last lines it wrote for people
   */
  record Lost(String cause, List<String> stderrTail) implements EngineEvent {
    public Lost {
      Objects.requireNonNull(cause);
      stderrTail = List.copyOf(stderrTail);
    }
  }
}
