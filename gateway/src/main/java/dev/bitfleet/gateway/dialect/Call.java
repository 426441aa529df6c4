package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Truncation;
import dev.bitfleet.gateway.dialect.tools.OutputWish;

/**
 * A request as a dialect understood it, and how to answer it.
 *
 * @param request with the client's own grammar if it gave one; one made of the wish is not in it
 *     yet
 * @param output what the output has to be
 * @param truncation what becomes of a chat that is longer than the context
 */
public record Call(
    CompletionRequest request, AnswerFormat format, OutputWish output, Truncation truncation) {

  /** A call whose chat must fit as it is. */
  public Call(CompletionRequest request, AnswerFormat format, OutputWish output) {
    this(request, format, output, Truncation.DISABLED);
  }

  /** A call whose output is free text. */
  public Call(CompletionRequest request, AnswerFormat format) {
    this(request, format, OutputWish.FREE_TEXT);
  }

  /** The same for a chat that may lose its oldest turns. */
  public Call truncating(Truncation how) {
    return new Call(request, format, output, how);
  }

  /** The same with another request: one that has a history before its messages, say. */
  public Call withRequest(CompletionRequest other) {
    return new Call(other, format, output, truncation);
  }
}
