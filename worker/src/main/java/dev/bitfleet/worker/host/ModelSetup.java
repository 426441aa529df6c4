package dev.bitfleet.worker.host;

import dev.bitfleet.worker.engine.WeightOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One model as it is to be served.
 *
 * @param id name clients use
 * @param file GGUF
 * @param threads of each engine; 0 = by its cores, empty = as the core plan has it
 * @param slots of each engine
 * @param contextLength 0 = the model's own, within bounds
 * @param keepAlive empty = for ever
 * @param weights what is made of the model's weights
 */
public record ModelSetup(
    String id,
    Path file,
    OptionalInt threads,
    int slots,
    int contextLength,
    Optional<Duration> keepAlive,
    WeightOptions weights) {
  public ModelSetup {
    Objects.requireNonNull(id);
    Objects.requireNonNull(file);
    Objects.requireNonNull(threads);
    Objects.requireNonNull(keepAlive);
    Objects.requireNonNull(weights);
  }

  /** With the weights as the file has them. */
  public ModelSetup(
      String id,
      Path file,
      OptionalInt threads,
      int slots,
      int contextLength,
      Optional<Duration> keepAlive) {
    this(id, file, threads, slots, contextLength, keepAlive, WeightOptions.PLAIN);
  }
}
