package dev.bitfleet.gateway.store;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * The right to append to one conversation, and what is in it. It lasts until it is released or the
 * {@link Commit} that has it is over, or its node is gone. May be used from any thread.
 */
public final class Turn {
  private final OffLoop offLoop;
  private final Leases.Lease lease;
  private final String conversationId;
  private final List<ObjectNode> history;
  private boolean committing;

  Turn(OffLoop offLoop, Leases.Lease lease, String conversationId, List<ObjectNode> history) {
    this.offLoop = offLoop;
    this.lease = lease;
    this.conversationId = conversationId;
    this.history = List.copyOf(history);
  }

  public String conversationId() {
    return conversationId;
  }

  /** The conversation's items, oldest first. Not to be changed. */
  public List<ObjectNode> history() {
    return history;
  }

  /**
   * Gives the right back; the conversation is as it was. Does nothing once a commit has it, which
   * gives it back itself.
   */
  public void release() {
    synchronized (this) {
      if (committing) {
        return;
      }
    }
    offLoop.later(
        vault -> {
          lease.close();
        });
  }

  synchronized void committing() {
    committing = true;
  }

  void over() {
    lease.close();
  }
}
