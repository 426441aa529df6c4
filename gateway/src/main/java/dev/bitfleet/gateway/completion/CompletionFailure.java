package dev.bitfleet.gateway.completion;

import java.time.Duration;

/** Why a completion failed. */
public sealed interface CompletionFailure {

  /** Too many are waiting already. */
  record QueueFull(Duration retryAfter) implements CompletionFailure {}

  /** So many are waiting that its turn would come too late. */
  record QueueSlow(Duration retryAfter) implements CompletionFailure {}

  /** No slot came free in time. */
  record QueueTimeout(Duration retryAfter) implements CompletionFailure {}

  /** Workers are there, but none of them has ever had a model ready. */
  record ModelLoading(Duration retryAfter) implements CompletionFailure {}

  /** No worker that could serve the request is there, or came back in time. */
  record NoWorker(Duration retryAfter) implements CompletionFailure {}

  /** The fleet does not serve that model. */
  record UnknownModel(String model) implements CompletionFailure {}

  /** The prompt, or the prompt and the tokens asked for, do not fit. */
  record ContextLengthExceeded(int promptTokens, int contextLength) implements CompletionFailure {}

  /** The prompt has no tokens. */
  record EmptyPrompt(String message) implements CompletionFailure {}

  /**
   * The worker refuses the request as it is.
   *
   * @param param field at fault, empty when it is no single one
   */
  record Invalid(String message, String param) implements CompletionFailure {}

  /** This prompt has killed engines before. */
  record PromptQuarantined(String message) implements CompletionFailure {}

  /** Its attempts broke too often, or nobody could go on where one broke off. */
  record EngineFailed(String message) implements CompletionFailure {}
}
