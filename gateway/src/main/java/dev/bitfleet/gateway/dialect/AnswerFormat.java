package dev.bitfleet.gateway.dialect;

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
}
