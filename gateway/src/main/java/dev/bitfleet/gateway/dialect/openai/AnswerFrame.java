package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.dialect.Failures;
import java.util.Optional;

/**
 * What surrounds the choices of an answer.
 *
 * @param choicesPerPrompt that are generated, which may be more than are shown
 * @param includeUsage whether a stream ends with the usage
 * @param serviceTier the tier the answer names; empty when the request named none
 * @param timings whether the answer has llama.cpp's timings of its first choice
 * @param tooLong status of a prompt that does not fit
 */
record AnswerFrame(
    int choicesPerPrompt,
    boolean includeUsage,
    Optional<String> serviceTier,
    boolean timings,
    TooLong tooLong) {

  /** How a route says that a prompt does not fit. */
  enum TooLong {
    BAD_REQUEST,
    PAYLOAD_TOO_LARGE
  }

  ApiError describe(CompletionFailure failure, String promptField) {
    return switch (tooLong) {
      case BAD_REQUEST -> Failures.describe(failure, promptField);
      case PAYLOAD_TOO_LARGE -> Failures.describeWithTooLarge(failure, promptField);
    };
  }
}
