package dev.bitfleet.worker.engine;

import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Sampling;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * Asks an engine for one sequence.
 *
 * @param id never used twice in a worker's life, so a late event of an old engine finds nobody
 * @param prompt in order; the engine tokenizes the text stretches
 * @param addBeginToken whether the model's begin token goes first where its metadata asks for it
 * @param maxTokens completion tokens at most; 0 = until the context is full
 * @param contextLimit caps the context of this sequence; 0 = the engine's
 * @param emitted of this completion elsewhere already: it goes on after that
 * @param cacheScope prefixes are shared only within one scope
 * @param grammar GBNF that the completion's text has to follow; empty = none
 * @param priority a wish: an engine that knows no priorities serves in the order of asking
 */
public record SequenceRequest(
    long id,
    List<PromptSegment> prompt,
    boolean addBeginToken,
    Sampling sampling,
    int maxTokens,
    List<String> stopStrings,
    List<Integer> stopTokens,
    boolean ignoreEndTokens,
    OptionalInt topLogprobs,
    int contextLimit,
    Emitted emitted,
    long cacheScope,
    String grammar,
    PromptScoring promptScoring,
    Priority priority) {

  public SequenceRequest {
    prompt = List.copyOf(prompt);
    Objects.requireNonNull(sampling);
    stopStrings = List.copyOf(stopStrings);
    stopTokens = List.copyOf(stopTokens);
    Objects.requireNonNull(topLogprobs);
    Objects.requireNonNull(grammar);
    Objects.requireNonNull(promptScoring);
    Objects.requireNonNull(priority);
    Objects.requireNonNull(emitted);
  }

  /** The shortest sequence that proves an engine computes: a few prompt tokens, one drawn. */
  public static SequenceRequest probe(long id) {
    return new SequenceRequest(
        id,
        List.of(new PromptSegment.Text(PROBE_TEXT)),
        true,
        Sampling.greedy(),
        1,
        List.of(),
        List.of(),
        true,
        OptionalInt.empty(),
        0,
        Emitted.NOTHING,
        PROBE_CACHE_SCOPE,
        "",
        PromptScoring.NONE,
        Priority.INTERACTIVE);
  }

  // A handful of tokens: enough for the time per prompt token to mean something, and it fits any
  // context.
  private static final String PROBE_TEXT = "one two three four five";

  // No tenant's: scopes are hashes of keys, and this value is kept out of their way by its meaning.
  private static final long PROBE_CACHE_SCOPE = -1;
}
