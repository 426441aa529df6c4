package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/**
 * The model a worker serves.
 *
 * @param id name clients use
 * @param fingerprint equal fingerprints give equal tokens
 * @param contextLength tokens of one sequence, prompt and completion together
 * @param parameters weights in the file
 * @param bytes resident bytes of the weights
 * @param created Unix seconds
 * @param chat whether it has a chat template
 * @param embeddingSize numbers of an embedding; 0 = not an embedding model
 * @param pooling how hidden states become one embedding: mean, cls or last; else none
 * @param quantization the type most weights are in, as ggml spells it; empty when unknown
 * @param aliases other ids it answers to, where nobody has them as their own
 * @param rank of the models a request may mean that names none, the lowest serves it
 */
public record ModelDescription(
    String id,
    String architecture,
    String fingerprint,
    int contextLength,
    int vocabularySize,
    long parameters,
    long bytes,
    long created,
    boolean chat,
    int embeddingSize,
    String pooling,
    String quantization,
    List<String> aliases,
    int rank) {
  public ModelDescription {
    Objects.requireNonNull(id);
    Objects.requireNonNull(architecture);
    Objects.requireNonNull(fingerprint);
    Objects.requireNonNull(pooling);
    Objects.requireNonNull(quantization);
    aliases = List.copyOf(aliases);
  }

  /** One with its id alone, of the first rank, that makes no embeddings. */
  public ModelDescription(
      String id,
      String architecture,
      String fingerprint,
      int contextLength,
      int vocabularySize,
      long parameters,
      long bytes,
      long created,
      boolean chat) {
    this(
        id,
        architecture,
        fingerprint,
        contextLength,
        vocabularySize,
        parameters,
        bytes,
        created,
        chat,
        0,
        "none",
        "",
        List.of(),
        0);
  }
}
