package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.OpenReply;

/** What came of asking a worker to take a stream. */
public sealed interface OpenAnswer {
  /** It has answered. */
  record Replied(OpenReply reply) implements OpenAnswer {}

  /** Nobody listens there: it does not have the stream. */
  record NotThere() implements OpenAnswer {}

  /** No answer, or one that is none: it may have the stream. */
  record Missing(String why) implements OpenAnswer {}
}
