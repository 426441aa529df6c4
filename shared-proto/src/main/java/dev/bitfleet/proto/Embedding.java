package dev.bitfleet.proto;

import java.util.Arrays;
import java.util.Objects;

/**
 * A text as a point: the model's hidden states, pooled, of length 1 (L2).
 *
 * @param values as many as the model's {@link ModelDescription#embeddingSize}; never changed after
 *     construction
 * @param promptTokens of the text, begin and end token included
 */
public record Embedding(float[] values, int promptTokens) {
  public Embedding {
    Objects.requireNonNull(values);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Embedding that
        && promptTokens == that.promptTokens
        && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Objects.hash(promptTokens, Arrays.hashCode(values));
  }
}
