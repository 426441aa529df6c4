package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/** A worker's answer to an {@link EmbedRequest}: all of its texts, or none. */
public sealed interface EmbedReply {

  /**
   * All is embedded.
   *
   * @param embeddings in the order of the prompts
   * @param fingerprint of the model
   */
  record Embedded(List<Embedding> embeddings, String fingerprint) implements EmbedReply {
    public Embedded {
      embeddings = List.copyOf(embeddings);
      Objects.requireNonNull(fingerprint);
    }
  }

  /** Not now, not here: another worker may take it. */
  record Busy(String reason) implements EmbedReply {
    public Busy {
      Objects.requireNonNull(reason);
    }
  }

  /**
   * Nowhere: the caller must change the request.
   *
   * @param index of the prompt at fault; 0 where it is the request
   * @param promptTokens with {@link Code#CONTEXT_LENGTH_EXCEEDED}: at least so many; else 0
   * @param contextLength likewise
   */
  record Refused(Code code, String message, int index, int promptTokens, int contextLength)
      implements EmbedReply {
    public Refused {
      Objects.requireNonNull(code);
      Objects.requireNonNull(message);
    }

    public Refused(Code code, String message, int index) {
      this(code, message, index, 0, 0);
    }

    /** The same, for another prompt. */
    public Refused at(int other) {
      return new Refused(code, message, other, promptTokens, contextLength);
    }
  }

  /** Why a request was refused. */
  enum Code {
    CONTEXT_LENGTH_EXCEEDED,
    INVALID,
    /** The text holds no token. */
    EMPTY_PROMPT,
    NOT_AN_EMBEDDING_MODEL,
    /** This text has killed engines before. */
    PROMPT_QUARANTINED
  }
}
