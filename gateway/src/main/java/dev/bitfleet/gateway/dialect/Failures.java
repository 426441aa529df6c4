package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.Shown;
import java.util.Optional;

/** What a failed completion is called in the API. */
public final class Failures {
  /** How the engines' protocol groups what clients write flat. */
  private static final String SAMPLING = "sampling.";

  private Failures() {}

  /**
   * The error for a failure.
   *
   * @param promptField where the request has its prompt
   */
  public static ApiError describe(CompletionFailure failure, String promptField) {
    return switch (failure) {
      case CompletionFailure.QueueFull full ->
          new ApiError(
              429,
              ApiError.RATE_LIMIT,
              "queue_full",
              Optional.empty(),
              "Too many requests are waiting already. Please try again later.",
              Optional.of(full.retryAfter()));
      case CompletionFailure.QueueSlow slow ->
          new ApiError(
              429,
              ApiError.RATE_LIMIT,
              "queue_slow",
              Optional.empty(),
              "So many requests are waiting that this one would not be served in time. Please try"
                  + " again later.",
              Optional.of(slow.retryAfter()));
      case CompletionFailure.QueueTimeout timeout ->
          ApiError.server(
              503,
              "queue_timeout",
              "No slot came free in time. Please try again later.",
              timeout.retryAfter());
      case CompletionFailure.ModelLoading loading ->
          ApiError.server(503, "model_loading", "The model is loading.", loading.retryAfter());
      case CompletionFailure.NoWorker none ->
          ApiError.server(
              503, "no_worker", "No worker is ready to serve this request.", none.retryAfter());
      case CompletionFailure.UnknownModel unknown -> unknownModel(unknown.model());
      case CompletionFailure.ContextLengthExceeded exceeded ->
          ApiError.invalid(
              400,
              "context_length_exceeded",
              Optional.of(promptField),
              "This model's maximum context length is "
                  + exceeded.contextLength()
                  + " tokens, but the prompt has at least "
                  + exceeded.promptTokens()
                  + " tokens"
                  // Only an answer that is held to something needs more than one token of room.
                  + (exceeded.promptTokens() < exceeded.contextLength()
                      ? ", and an answer as it is asked for needs more than the rest."
                      : "."));
      case CompletionFailure.EmptyPrompt ignored ->
          ApiError.invalid(
              400,
              "empty_prompt",
              Optional.of(promptField),
              "Invalid '" + promptField + "': it has no tokens.");
      case CompletionFailure.Invalid invalid -> invalid(invalid, promptField);
      case CompletionFailure.PromptQuarantined ignored ->
          ApiError.invalid(
              400,
              "prompt_quarantined",
              Optional.of(promptField),
              "This prompt has crashed the engine before and is not tried again.");
      case CompletionFailure.EngineFailed failed ->
          ApiError.server(
              500,
              "engine_failed",
              "The engine failed while serving this request (" + failed.message() + ").");
    };
  }

  private static ApiError invalid(CompletionFailure.Invalid invalid, String promptField) {
    String inner = invalid.param();
    // Engines repeat the field at the head of the message, in their own words.
    String message =
        !inner.isEmpty() && invalid.message().startsWith(inner + ": ")
            ? invalid.message().substring(inner.length() + 2)
            : invalid.message();
    Optional<String> field = clientField(inner, promptField);
    return ApiError.invalid(
        400,
        "invalid_parameter",
        field,
        field
            .map(name -> "Invalid '" + name + "': " + message + (message.endsWith(".") ? "" : "."))
            .orElse(message));
  }

  /** The client's name for a field of the engines' protocol; none for what is not the client's. */
  private static Optional<String> clientField(String inner, String promptField) {
    String name = inner.startsWith(SAMPLING) ? inner.substring(SAMPLING.length()) : inner;
    return switch (name) {
      case "", "emitted", "stop_tokens" -> Optional.empty();
      case "prompt", "messages" -> Optional.of(promptField);
      case "stop_strings" -> Optional.of("stop");
      case "context_limit" -> Optional.of("ctx_size");
      default -> Optional.of(name);
    };
  }

  /** The same with the status that the older routes have for a prompt that is too long: 413. */
  public static ApiError describeWithTooLarge(CompletionFailure failure, String promptField) {
    ApiError error = describe(failure, promptField);
    return failure instanceof CompletionFailure.ContextLengthExceeded
        ? ApiError.invalid(413, error.code(), error.param(), error.message())
        : error;
  }

  /** 404 for a model that nobody serves. */
  public static ApiError unknownModel(String model) {
    return ApiError.invalid(
        404,
        "model_not_found",
        Optional.of("model"),
        "The model '" + shown(model) + "' does not exist or is not being served.");
  }

  /** A model's name as a message may have it. */
  public static String shown(String model) {
    return Shown.of(model);
  }
}
