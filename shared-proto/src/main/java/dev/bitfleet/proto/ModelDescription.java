package dev.bitfleet.proto;

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
    boolean chat) {
  public ModelDescription {
    Objects.requireNonNull(id);
    Objects.requireNonNull(architecture);
    Objects.requireNonNull(fingerprint);
  }
}
