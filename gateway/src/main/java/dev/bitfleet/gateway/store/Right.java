package dev.bitfleet.gateway.store;

/**
 * The right to do {@linkplain Promises promised} work, which one node of the fleet has at a time.
 * It lasts until it is released, or its node is gone. May be used from any thread.
 */
public final class Right {
  private final OffLoop offLoop;
  private final Leases.Lease lease;

  Right(OffLoop offLoop, Leases.Lease lease) {
    this.offLoop = offLoop;
    this.lease = lease;
  }

  /** Gives it back. Doing so twice does nothing more. */
  public void release() {
    offLoop.later(
        vault -> {
          lease.close();
        });
  }
}
