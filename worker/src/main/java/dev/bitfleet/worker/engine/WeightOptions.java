package dev.bitfleet.worker.engine;

import java.util.Objects;
import java.util.Optional;

/**
 * What an engine makes of a model's weights beyond reading them. Part of the fingerprint: other
 * options give other tokens.
 *
 * @param adapter put beside them
 * @param unembedQuant of the head, which is the most of what a small model reads for each token
 */
public record WeightOptions(Optional<AdapterOptions> adapter, WeightQuant unembedQuant) {
  /** The weights as the file has them. */
  public static final WeightOptions PLAIN = new WeightOptions(Optional.empty(), WeightQuant.NONE);

  public WeightOptions {
    Objects.requireNonNull(adapter);
    Objects.requireNonNull(unembedQuant);
  }

  /** Whether anything is rounded, which only the built-in engine can. */
  public boolean rounds() {
    return unembedQuant != WeightQuant.NONE
        || adapter.filter(a -> a.quant() != WeightQuant.NONE).isPresent();
  }
}
