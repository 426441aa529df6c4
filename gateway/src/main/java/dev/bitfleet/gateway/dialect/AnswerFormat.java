package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.contract.ApiError;
import java.util.List;

/** How a dialect answers one request. */
public interface AnswerFormat {

  /**
   * The answer in one piece.
   *
   * @param choices all of them, by index
   */
  void whole(AnswerStamp stamp, List<ChoiceAnswer> choices, JsonBytes out);

  /** The answer as a stream of events. */
  StreamFormat stream(AnswerStamp stamp);

  /** The field that holds the prompt, for errors about it. */
  String promptField();

  /**
   * Whether the answer tells of single tokens, so that those of deltas have to be kept with their
   * text.
   */
  boolean keepsTokens();

  /** What a failure is called on this route. */
  default ApiError describe(CompletionFailure failure) {
    return Failures.describe(failure, promptField());
  }
}
