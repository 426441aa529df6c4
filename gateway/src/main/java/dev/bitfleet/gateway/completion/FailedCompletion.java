package dev.bitfleet.gateway.completion;

/** Carries a {@link CompletionFailure} through a future. Costs no stack trace. */
public final class FailedCompletion extends RuntimeException {
  private final transient CompletionFailure failure;

  public FailedCompletion(CompletionFailure failure) {
    super(failure.getClass().getSimpleName(), null, false, false);
    this.failure = failure;
  }

  public CompletionFailure failure() {
    return failure;
  }
}
