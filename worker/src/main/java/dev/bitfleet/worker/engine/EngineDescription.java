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
 * @param embeddings what it embeds, if anything
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
    List<String> assumptions,
    Embeddings embeddings) {

  /**
   * The embeddings an engine makes.
   *
   * @param size numbers of one; 0 = it makes none
   * @param pooling how hidden states become one: mean, cls or last; else none
   * @param only whether it can do nothing else
   */
  public record Embeddings(int size, String pooling, boolean only) {
    public static final Embeddings NONE = new Embeddings(0, "none", false);

    public Embeddings {
      Objects.requireNonNull(pooling);
    }
  }

  public EngineDescription {
    Objects.requireNonNull(version);
    Objects.requireNonNull(kernel);
    Objects.requireNonNull(architecture);
    Objects.requireNonNull(fingerprint);
    assumptions = List.copyOf(assumptions);
    Objects.requireNonNull(embeddings);
    if (slots < 1 || contextLength < 1) {
      throw new IllegalArgumentException("an engine without slots or context");
    }
  }

  /** An engine that makes no embeddings. */
  public EngineDescription(
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
    this(
        version,
        kernel,
        threads,
        slots,
        contextLength,
        architecture,
        vocabularySize,
        fingerprint,
        parameters,
        modelBytes,
        assumptions,
        Embeddings.NONE);
  }
}
