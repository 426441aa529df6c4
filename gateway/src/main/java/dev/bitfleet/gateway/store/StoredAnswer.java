package dev.bitfleet.gateway.store;

import java.util.Optional;

/**
 * What a request was answered with, and its repeats will be.
 *
 * @param body not to be changed
 * @param eventsOf the response whose event log is the answer, which then has no body of its own
 */
@SuppressWarnings("ArrayRecordComponent")
public record StoredAnswer(int status, String contentType, byte[] body, Optional<String> eventsOf) {

  public StoredAnswer(int status, String contentType, byte[] body) {
    this(status, contentType, body, Optional.empty());
  }

  /** The events of a response, from the first. */
  public static StoredAnswer eventsOf(String responseId) {
    return new StoredAnswer(200, "text/event-stream", new byte[0], Optional.of(responseId));
  }
}
