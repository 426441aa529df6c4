package dev.bitfleet.worker.engine;

import java.util.List;

/**
 * Asks an engine to embed one text.
 *
 * @param id never used twice in a worker's life
 * @param prompt in order; the engine tokenizes the text stretches
 * @param addSpecialTokens whether the model's begin and end tokens go around it where its metadata
 *     asks for them
 * @param cacheScope prefixes are shared only within one scope
 */
public record EmbeddingRequest(
    long id, List<PromptSegment> prompt, boolean addSpecialTokens, long cacheScope) {
  public EmbeddingRequest {
    prompt = List.copyOf(prompt);
  }

  /** A short text that proves an engine computes which can do nothing but embed. */
  public static EmbeddingRequest probe(long id) {
    SequenceRequest probe = SequenceRequest.probe(id);
    return new EmbeddingRequest(id, probe.prompt(), true, probe.cacheScope());
  }
}
