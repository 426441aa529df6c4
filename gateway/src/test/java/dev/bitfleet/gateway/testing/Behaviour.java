package dev.bitfleet.gateway.testing;

import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.OpenReply;
import java.util.List;

/** How a {@link TestWorker} treats one open. */
public sealed interface Behaviour {

  /** As it should be. */
  record Serve() implements Behaviour {}

  /** Says these pieces, a token each, and ends for that reason. */
  record Say(List<String> pieces, FinishReason reason, double logprob) implements Behaviour {
    public Say {
      pieces = List.copyOf(pieces);
    }

    public Say(List<String> pieces, FinishReason reason) {
      this(pieces, reason, -0.5);
    }

    /** The same, each token with that logprob. */
    public Say scored(double each) {
      return new Say(pieces, reason, each);
    }

    /** Says these pieces, and that is all. */
    public static Say of(String... pieces) {
      return new Say(List.of(pieces), FinishReason.STOP_TOKEN);
    }
  }

  /** Says it is busy. */
  record Busy() implements Behaviour {}

  /** Will not have it. */
  record Refuse(OpenReply.Refused refusal) implements Behaviour {}

  /** Does not answer the open. */
  record Mute() implements Behaviour {}

  /** Accepts, sends so many tokens, then reports that. */
  record FailAfter(int tokens, FailureCause cause) implements Behaviour {}

  /** Accepts, sends so many tokens, then leaves a number out. */
  record SkipAfter(int tokens) implements Behaviour {}

  /** Accepts, sends so many tokens, then nothing until it is cancelled. */
  record StallAfter(int tokens) implements Behaviour {}

  /** Accepts, sends so many tokens, then is never heard of again: no event, no heartbeat. */
  record VanishAfter(int tokens) implements Behaviour {}

  /** Accepts, and goes on sending even when cancelled, as if the cancel were lost so many times. */
  record IgnoreCancels(int cancels) implements Behaviour {}

  /** Sends the first events before it answers the open. */
  record AnswerLate() implements Behaviour {}
}
