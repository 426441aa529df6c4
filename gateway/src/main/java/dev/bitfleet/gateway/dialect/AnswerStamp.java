package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.Dropped;

/**
 * What marks an answer.
 *
 * @param id its unique part, without the dialect's prefix
 * @param created Unix seconds
 * @param dropped what was left out of the chat that is answered
 */
public record AnswerStamp(String id, long created, Dropped dropped) {
  public AnswerStamp(String id, long created) {
    this(id, created, Dropped.NOTHING);
  }

  /** The same for a chat of which that was left out. */
  public AnswerStamp with(Dropped left) {
    return new AnswerStamp(id, created, left);
  }
}
