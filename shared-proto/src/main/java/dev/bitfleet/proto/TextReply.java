package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/** A worker's answer to a {@link TextRequest}. */
public sealed interface TextReply {

  /**
   * Tokens of a text.
   *
   * @param tokens their bytes are empty unless asked for
   */
  record Tokens(List<TokenDetail> tokens) implements TextReply {
    public Tokens {
      tokens = List.copyOf(tokens);
    }
  }

  /** A text; what was no whole UTF-8 is U+FFFD. */
  record Text(String text) implements TextReply {
    public Text {
      Objects.requireNonNull(text);
    }
  }

  /**
   * A prompt that fits, or what is left of it.
   *
   * @param promptTokens exact, of what is kept
   * @param contextLength as capped by the request
   * @param keptFrom index of the first message of the first turn that is kept; 0 = all are
   * @param droppedTokens 0 when nothing was dropped, or too much to be counted
   */
  record Fit(int promptTokens, int contextLength, int keptFrom, int droppedTokens)
      implements TextReply {}

  /** Not now, not here: another worker may answer. */
  record Busy(String reason) implements TextReply {
    public Busy {
      Objects.requireNonNull(reason);
    }
  }

  /** Nowhere: the caller must change the question. */
  record Refused(OpenReply.Refused refusal) implements TextReply {
    public Refused {
      Objects.requireNonNull(refusal);
    }
  }
}
