package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.proto.FinishReason;
import java.util.Set;

/**
 * What the messages of a chat's answer look like.
 *
 * @param logprobs whether every token is told with its logprob, those of calls included
 * @param callable names that may be called; empty = all of the output is text
 * @param calls how a call is written
 */
record ChatStyle(boolean logprobs, Set<String> callable, CallForm calls) {

  /** The two forms of a call. */
  enum CallForm {
    /** {@code tool_calls}. */
    TOOL_CALLS,
    /** {@code function_call}, for clients that gave {@code functions}. */
    FUNCTION_CALL
  }

  /**
   * Calls are a reason of their own, unless the token limit had a hand in them. One that was cut,
   * by whatever, is {@code length}: clients then know better than to run it.
   *
   * @param called whether the choice has a call
   * @param cut whether one of them is not whole
   */
  String finishReason(FinishReason reason, boolean called, boolean cut) {
    if (cut) {
      return OpenAiFormat.finishReason(FinishReason.LENGTH);
    }
    if (!called || reason == FinishReason.LENGTH) {
      return OpenAiFormat.finishReason(reason);
    }
    return switch (calls) {
      case TOOL_CALLS -> "tool_calls";
      case FUNCTION_CALL -> "function_call";
    };
  }
}
