package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.OpenReply;

/**
 * What an {@link Attempt} comes to. Exactly one of the ends is called, or none after an abandon.
 */
interface AttemptListener {
  void accepted(Attempt attempt, OpenReply.Accepted reply);

  void promptScored(GenerationEvent.PromptScored scored);

  void delta(GenerationEvent.Delta delta);

  /** End: the completion is whole. */
  void finished(GenerationEvent.Finished finished);

  /** End: the worker has no slot, or is not there. */
  void unavailable(Attempt attempt, String reason);

  /** End: no worker would take it. */
  void refused(OpenReply.Refused refusal);

  /** End: it broke off. */
  void broke(Attempt attempt, AttemptEnd end, String message);
}
