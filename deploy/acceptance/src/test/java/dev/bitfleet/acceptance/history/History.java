package dev.bitfleet.acceptance.history;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongSupplier;

/** Notes what clients say and see while they do. Thread-safe. */
public final class History {
  private final LongSupplier clock;
  private final ConcurrentLinkedQueue<Open> said = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Seen> seen = new ConcurrentLinkedQueue<>();

  public History(LongSupplier clock) {
    this.clock = clock;
  }

  /** A turn that has been sent. */
  public final class Open {
    private final String conversation;
    private final String label;
    private final long invoked;
    private volatile OptionalLong acknowledged = OptionalLong.empty();
    private volatile String side = "";

    private Open(String conversation, String label, long invoked) {
      this.conversation = conversation;
      this.label = label;
      this.invoked = invoked;
    }

    /** A node has said that it is kept. */
    public void acknowledged(String where) {
      side = where;
      acknowledged = OptionalLong.of(clock.getAsLong());
    }

    private Said said() {
      return new Said(conversation, label, invoked, acknowledged, side);
    }
  }

  /** A turn is about to be sent for the first time. */
  public Open saying(String conversation, String label) {
    Open open = new Open(conversation, label, clock.getAsLong());
    said.add(open);
    return open;
  }

  /** The time that a {@link Seen} has to be given, taken before the node is asked. */
  public long now() {
    return clock.getAsLong();
  }

  public void saw(Seen what) {
    seen.add(what);
  }

  public List<Said> said() {
    return said.stream().map(Open::said).toList();
  }

  public List<Seen> seen() {
    return new ArrayList<>(seen);
  }
}
