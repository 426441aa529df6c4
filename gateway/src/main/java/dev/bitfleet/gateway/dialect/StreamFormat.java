package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.ApiError;

/**
 * Writes the server-sent events of one answer, each with the blank line after it. Holds the state
 * of that answer; used by one thread.
 */
public interface StreamFormat {

  /** A choice was taken, for the first time or anew. */
  void opened(CompletionEvent.Opened event, JsonBytes out);

  /** Tokens of the prompt, when the request asked for them. */
  default void promptScored(CompletionEvent.PromptScored event, JsonBytes out) {}

  /** More text; possibly several deltas merged. */
  void delta(CompletionEvent.Delta event, JsonBytes out);

  /** A choice is whole. */
  void finished(CompletionEvent.Finished event, JsonBytes out);

  /** All choices are whole: what ends the stream. */
  void complete(JsonBytes out);

  /** The stream has broken: the last event. */
  void failed(ApiError error, JsonBytes out);
}
