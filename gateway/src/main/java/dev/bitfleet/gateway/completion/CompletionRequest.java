package dev.bitfleet.gateway.completion;

import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Sampling;
import dev.bitfleet.proto.SplitMix64;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * One client request, whatever API it came through. It has {@code prompts × n} choices; choice
 * {@code c} completes prompt {@code c / n}.
 *
 * @param model the model asked for
 * @param prompts at least one
 * @param n completions of each prompt, at least 1
 * @param sampling of choice 0; the others differ in their seed, see {@link #samplingOf}
 * @param maxTokens completion tokens of each choice at most; 0 = until the context is full
 * @param topLogprobs present: report logprobs and so many alternatives (0..20)
 * @param contextLimit caps the context; 0 = the model's
 * @param grammar GBNF that each choice's text has to follow; empty = none
 * @param cacheScope prefixes are shared only within one scope, which is a tenant
 * @param priority who goes first, in the queue for slots and in the engine
 * @param names the client's, for errors
 */
public record CompletionRequest(
    ModelWish model,
    List<Prompt> prompts,
    int n,
    Sampling sampling,
    int maxTokens,
    List<String> stopStrings,
    boolean ignoreEndTokens,
    OptionalInt topLogprobs,
    int contextLimit,
    String grammar,
    PromptScoring promptScoring,
    long cacheScope,
    Priority priority,
    Delivery delivery,
    FieldNames names) {

  /** A request whose fields are called as engines call them. */
  public CompletionRequest(
      ModelWish model,
      List<Prompt> prompts,
      int n,
      Sampling sampling,
      int maxTokens,
      List<String> stopStrings,
      boolean ignoreEndTokens,
      OptionalInt topLogprobs,
      int contextLimit,
      String grammar,
      PromptScoring promptScoring,
      long cacheScope,
      Priority priority,
      Delivery delivery) {
    this(
        model,
        prompts,
        n,
        sampling,
        maxTokens,
        stopStrings,
        ignoreEndTokens,
        topLogprobs,
        contextLimit,
        grammar,
        promptScoring,
        cacheScope,
        priority,
        delivery,
        FieldNames.PLAIN);
  }

  public CompletionRequest {
    Objects.requireNonNull(model);
    prompts = List.copyOf(prompts);
    Objects.requireNonNull(sampling);
    stopStrings = List.copyOf(stopStrings);
    Objects.requireNonNull(topLogprobs);
    Objects.requireNonNull(grammar);
    Objects.requireNonNull(promptScoring);
    Objects.requireNonNull(priority);
    Objects.requireNonNull(delivery);
    Objects.requireNonNull(names);
    if (prompts.isEmpty() || n < 1) {
      throw new IllegalArgumentException("a completion has at least one prompt and one choice");
    }
  }

  /** The same for a tenant: prefixes are shared only within its scope. */
  public CompletionRequest inScope(long scope) {
    return changed(model, prompts, grammar, scope, names);
  }

  /** The same of another model. */
  public CompletionRequest asking(ModelWish other) {
    return changed(other, prompts, grammar, cacheScope, names);
  }

  /** The same with other prompts, as many as there were. */
  public CompletionRequest withPrompts(List<Prompt> others) {
    return changed(model, others, grammar, cacheScope, names);
  }

  /**
   * The same, held to a grammar.
   *
   * @param field where the request says so
   */
  public CompletionRequest withGrammar(String gbnf, String field) {
    return changed(model, prompts, gbnf, cacheScope, new FieldNames(names.maxTokens(), field));
  }

  /** The same, whose limit of tokens the client has given in that field. */
  public CompletionRequest limitedBy(String field) {
    return changed(model, prompts, grammar, cacheScope, names.limitedBy(field));
  }

  /** All that a request may get another of on its way; the rest stays as the client wants it. */
  private CompletionRequest changed(
      ModelWish otherModel,
      List<Prompt> otherPrompts,
      String otherGrammar,
      long otherScope,
      FieldNames otherNames) {
    return new CompletionRequest(
        otherModel,
        otherPrompts,
        n,
        sampling,
        maxTokens,
        stopStrings,
        ignoreEndTokens,
        topLogprobs,
        contextLimit,
        otherGrammar,
        promptScoring,
        otherScope,
        priority,
        delivery,
        otherNames);
  }

  public int choices() {
    return prompts.size() * n;
  }

  public Prompt promptOf(int choice) {
    return prompts.get(choice / n);
  }

  /** The request's sampling with the seed of that choice. The first choice keeps the request's. */
  public Sampling samplingOf(int choice) {
    int sibling = choice % n;
    if (sibling == 0) {
      return sampling;
    }
    return new Sampling(
        sampling.temperature(),
        sampling.topK(),
        sampling.topP(),
        sampling.minP(),
        sampling.typicalP(),
        sampling.repeatPenalty(),
        sampling.repeatLastN(),
        sampling.presencePenalty(),
        sampling.frequencyPenalty(),
        sampling.logitBias(),
        // So that siblings of one request never walk in step with another request's.
        SplitMix64.at(sampling.seed(), sibling));
  }
}
