package dev.bitfleet.proto;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * A gateway's word to one of the nodes that are to load a model together: all of them or none.
 * Answered by {@link RolloutReply}.
 */
public sealed interface RolloutCommand {

  /** Unique in the fleet. */
  String rollout();

  /**
   * Start the model's workers beside the others and ask them the canary. Nothing is routed to them.
   *
   * @param peers the other nodes that prepare
   * @param lease for which the node waits for a renewal or a decision before it asks its peers
   */
  record Prepare(String rollout, ModelCommand.Load load, List<String> peers, Duration lease)
      implements RolloutCommand {
    public Prepare {
      Objects.requireNonNull(rollout);
      Objects.requireNonNull(load);
      peers = List.copyOf(peers);
      if (!lease.isPositive()) {
        throw new IllegalArgumentException("a lease is above zero: " + lease);
      }
    }
  }

  /** The gateway is there still. Answered as the Prepare was, or will be. */
  record Renew(String rollout) implements RolloutCommand {
    public Renew {
      Objects.requireNonNull(rollout);
    }
  }

  /** Offer the new workers, and let those they replace drain. May be said again. */
  record Commit(String rollout) implements RolloutCommand {
    public Commit {
      Objects.requireNonNull(rollout);
    }
  }

  /** Take the new workers away, unless it is committed already. May be said again. */
  record Abort(String rollout) implements RolloutCommand {
    public Abort {
      Objects.requireNonNull(rollout);
    }
  }
}
