package dev.bitfleet.worker.engine;

import java.util.List;
import java.util.Objects;

/**
 * What an engine tells of itself when it is ready.
 *
 * @param version of the engine's build, as it prints it; may be empty
 * @param kernel which kernel set computes, empty when the engine does not say
 * @param slots sequences that can be open at once
 * @param contextLength tokens of one sequence, prompt and completion together
 * @param fingerprint equal fingerprints give equal tokens
 * @param parameters weights in the file
 * @param modelBytes resident bytes of the weights
 * @param assumptions what the model file left open and how it was read
 */
public record EngineDescription(
    String version,
    String kernel,
    int threads,
    int slots,
    int contextLength,
    String architecture,
    int vocabularySize,
    String fingerprint,
    long parameters,
    long modelBytes,
    List<String> assumptions) {
  public EngineDescription {
    Objects.requireNonNull(version);
    Objects.requireNonNull(kernel);
    Objects.requireNonNull(architecture);
    Objects.requireNonNull(fingerprint);
    assumptions = List.copyOf(assumptions);
    if (slots < 1 || contextLength < 1) {
      throw new IllegalArgumentException("an engine without slots or context");
    }
  }
}
