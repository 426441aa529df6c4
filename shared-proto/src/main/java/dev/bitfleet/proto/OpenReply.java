package dev.bitfleet.proto;

import java.util.Objects;

/** A worker's answer to a {@link GenerationRequest}. */
public sealed interface OpenReply {

  /**
   * A slot is claimed and the prompt fits.
   *
   * @param cachedTokens prompt tokens whose KV was there already
   * @param fingerprint of the model that answers
   * @param promptHash of the prompt as the engine gets it
   */
  record Accepted(int promptTokens, int cachedTokens, String fingerprint, long promptHash)
      implements OpenReply {
    public Accepted {
      Objects.requireNonNull(fingerprint);
    }
  }

  /** Not now, not here: another worker may take it. */
  record Busy(String reason) implements OpenReply {
    public Busy {
      Objects.requireNonNull(reason);
    }
  }

  /**
   * Nowhere: the caller must change the request.
   *
   * @param param the field at fault, empty when it is no single one
   * @param promptTokens with {@link Code#CONTEXT_LENGTH_EXCEEDED}, else 0
   * @param contextLength likewise
   */
  record Refused(Code code, String message, String param, int promptTokens, int contextLength)
      implements OpenReply {
    public Refused {
      Objects.requireNonNull(code);
      Objects.requireNonNull(message);
      Objects.requireNonNull(param);
    }

    public Refused(Code code, String message, String param) {
      this(code, message, param, 0, 0);
    }
  }

  /** Why a request was refused. */
  enum Code {
    CONTEXT_LENGTH_EXCEEDED,
    INVALID,
    EMPTY_PROMPT,
    /** This prompt has killed engines before. */
    PROMPT_QUARANTINED
  }
}
