package dev.bitfleet.worker.engine;

import java.nio.file.Path;
import java.util.Objects;

/**
 * A LoRA adapter to put beside a model's weights.
 *
 * @param file GGUF, as llama.cpp writes adapters
 * @param strength multiplies all of it; 1 = as trained, 0 = not at all
 * @param quant of its matrices
 */
public record AdapterOptions(Path file, double strength, WeightQuant quant) {
  public AdapterOptions {
    Objects.requireNonNull(file);
    Objects.requireNonNull(quant);
    if (!Double.isFinite(strength)) {
      throw new IllegalArgumentException("an adapter's strength is a number, not " + strength);
    }
  }
}
