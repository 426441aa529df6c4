package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Asks a worker to open a stream.
 *
 * @param streamId unique in the fleet
 * @param inbox bus address that gets the {@link GenerationEvent}s
 * @param model id of the model the stream was routed for
 * @param maxTokens completion tokens at most; 0 = until the context is full
 * @param stopStrings texts that end the completion and are not part of it
 * @param ignoreEndTokens go on past the model's own end tokens
 * @param topLogprobs present: report each token's logprob and those of so many likeliest (0..20)
 * @param contextLimit caps the context of this sequence; 0 = the worker's
 * @param cacheScope prefixes are shared only within one scope, which is a tenant
 * @param grammar GBNF that the completion's text has to follow; empty = none
 * @param continuation present: go on where another worker broke off
 */
public record GenerationRequest(
    String streamId,
    String inbox,
    String model,
    Prompt prompt,
    Sampling sampling,
    int maxTokens,
    List<String> stopStrings,
    boolean ignoreEndTokens,
    OptionalInt topLogprobs,
    int contextLimit,
    long cacheScope,
    String grammar,
    PromptScoring promptScoring,
    Priority priority,
    Optional<Continuation> continuation) {

  public GenerationRequest {
    Objects.requireNonNull(streamId);
    Objects.requireNonNull(inbox);
    Objects.requireNonNull(model);
    Objects.requireNonNull(prompt);
    Objects.requireNonNull(sampling);
    Objects.requireNonNull(topLogprobs);
    Objects.requireNonNull(grammar);
    Objects.requireNonNull(promptScoring);
    Objects.requireNonNull(priority);
    stopStrings = List.copyOf(stopStrings);
    Objects.requireNonNull(continuation);
    if (maxTokens < 0 || contextLimit < 0) {
      throw new IllegalArgumentException("a limit is negative");
    }
    if (topLogprobs.isPresent() && (topLogprobs.getAsInt() < 0 || topLogprobs.getAsInt() > 20)) {
      throw new IllegalArgumentException("topLogprobs is not within 0..20");
    }
    if (stopStrings.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("a stop string is empty");
    }
  }
}
