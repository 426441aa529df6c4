package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/**
 * What a client has of a completion already, and by what it was drawn. A worker that would draw
 * other tokens does not go on with it.
 *
 * @param emitted tokens whose text the client has
 * @param emittedText that text, from an engine that does not name its tokens; there are no tokens
 *     then
 * @param shortened as the last {@link GenerationEvent.Delta} had it
 * @param fingerprint of the model that drew them
 * @param promptHash of the prompt as the engine had it
 */
public record Continuation(
    List<Integer> emitted,
    String emittedText,
    boolean shortened,
    String fingerprint,
    long promptHash) {

  public Continuation {
    emitted = List.copyOf(emitted);
    Objects.requireNonNull(emittedText);
    Objects.requireNonNull(fingerprint);
    if (!emitted.isEmpty() && !emittedText.isEmpty()) {
      throw new IllegalArgumentException("emitted tokens and emitted text at once");
    }
  }
}
