package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.dialect.tools.OutputWish;

/**
 * A request as a dialect understood it, and how to answer it.
 *
 * @param request with the client's own grammar if it gave one; one made of the wish is not in it
 *     yet
 * @param output what the output has to be
 */
public record Call(CompletionRequest request, AnswerFormat format, OutputWish output) {

  /** A call whose output is free text. */
  public Call(CompletionRequest request, AnswerFormat format) {
    this(request, format, OutputWish.FREE_TEXT);
  }
}
