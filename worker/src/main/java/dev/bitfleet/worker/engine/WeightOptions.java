package dev.bitfleet.worker.engine;

import java.util.Objects;
import java.util.Optional;

/**
 * What an engine makes of a model's file beyond reading it. Part of what a model is: other options
 * give other tokens, or other embeddings.
 *
 * @param adapter put beside them
 * @param unembedQuant of the head, which is the most of what a small model reads for each token
 * @param pooling of embeddings; empty = as the file says
 */
public record WeightOptions(
    Optional<AdapterOptions> adapter, WeightQuant unembedQuant, Optional<Pooling> pooling) {
  /** The weights as the file has them. */
  public static final WeightOptions PLAIN = new WeightOptions(Optional.empty(), WeightQuant.NONE);

  public WeightOptions {
    Objects.requireNonNull(adapter);
    Objects.requireNonNull(unembedQuant);
    Objects.requireNonNull(pooling);
  }

  /** Embeddings as the file says. */
  public WeightOptions(Optional<AdapterOptions> adapter, WeightQuant unembedQuant) {
    this(adapter, unembedQuant, Optional.empty());
  }

  /** Whether rounding is asked for, which only the built-in engine can do. */
  public boolean rounds() {
    return unembedQuant == WeightQuant.INT8
        || unembedQuant == WeightQuant.Q4_0
        || adapter.filter(a -> a.quant() != WeightQuant.NONE).isPresent();
  }
}
