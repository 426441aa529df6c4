package dev.bitfleet.worker.engine;

import java.util.List;
import java.util.Objects;

/**
 * What of a completion another engine has drawn already, and a client has.
 *
 * @param tokens whose text is out
 * @param text that is out, from an engine that does not name its tokens; there are no tokens then
 * @param shortened the limit of tokens had a hand in them, under a grammar
 */
public record Emitted(List<Integer> tokens, String text, boolean shortened) {
  /** The completion begins here. */
  public static final Emitted NOTHING = new Emitted(List.of(), "", false);

  public Emitted {
    tokens = List.copyOf(tokens);
    Objects.requireNonNull(text);
    if (!tokens.isEmpty() && !text.isEmpty()) {
      throw new IllegalArgumentException("emitted tokens and emitted text at once");
    }
  }

  /** Those tokens, which no limit had a hand in. */
  public static Emitted of(List<Integer> tokens) {
    return new Emitted(tokens, "", false);
  }

  public boolean isEmpty() {
    return tokens.isEmpty() && text.isEmpty();
  }
}
