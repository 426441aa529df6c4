package dev.bitfleet.gateway.rollout;

import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.RolloutCommand;

/** What is to be done for a rollout. */
public sealed interface Step {
  /** Say this to that node, and tell the rollout what became of it. */
  record Tell(String node, RolloutCommand command) implements Step {}

  /** It is over; whoever asked hears this. */
  record End(ModelReply reply) implements Step {}
}
