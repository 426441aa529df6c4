package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/**
 * What a worker tells all others of prompts.
 *
 * @param fingerprint of the model; the note means nothing to workers of another one
 */
public record PromptNote(String workerId, String fingerprint, Kind kind, List<Prompt> prompts) {

  /** What there is to tell. */
  public enum Kind {
    /** They were open when an engine died. */
    ENGINE_LOST,
    /** They have got past where it died. */
    CLEARED
  }

  /**
   * A prompt by its hash.
   *
   * @param tokens that its completion had, with {@link Kind#ENGINE_LOST}
   * @param accepted whether the engine had said that it has it, likewise
   */
  public record Prompt(long hashHigh, long hashLow, int tokens, boolean accepted) {}

  public PromptNote {
    Objects.requireNonNull(workerId);
    Objects.requireNonNull(fingerprint);
    Objects.requireNonNull(kind);
    prompts = List.copyOf(prompts);
  }
}
