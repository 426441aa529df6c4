package dev.bitfleet.gateway.store;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a request that may have come before stands. */
public sealed interface Attempt {

  /** It was answered: so. */
  record Replay(StoredAnswer answer) implements Attempt {}

  /**
   * It is new: to be carried out, and then committed with its answer or abandoned. A commit that it
   * was given to ends it. May be used from any thread.
   */
  final class Fresh implements Attempt {
    private final OffLoop offLoop;
    private final Leases.@Nullable Lease lease;
    private final String id;
    private final String tenant;
    private final byte[] fingerprint;
    private final Duration ttl;
    private final boolean keyed;
    private boolean committing;

    Fresh(
        OffLoop offLoop,
        Leases.@Nullable Lease lease,
        String id,
        String tenant,
        byte[] fingerprint,
        Duration ttl,
        boolean keyed) {
      this.offLoop = offLoop;
      this.lease = lease;
      this.id = id;
      this.tenant = tenant;
      this.fingerprint = fingerprint.clone();
      this.ttl = ttl;
      this.keyed = keyed;
    }

    /**
     * It was not carried out; those who wait with the same key try themselves. Does nothing once a
     * commit has it: they must not begin while the first may still be kept.
     */
    public void abandon() {
      synchronized (this) {
        if (committing) {
          return;
        }
      }
      offLoop.later(
          vault -> {
            ended();
          });
    }

    synchronized void committing() {
      committing = true;
    }

    void ended() {
      if (lease != null) {
        lease.close();
      }
    }

    String id() {
      return id;
    }

    String tenant() {
      return tenant;
    }

    byte[] fingerprint() {
      return fingerprint.clone();
    }

    Duration ttl() {
      return ttl;
    }

    /** Whether its client has named it: no other request has its {@link #id}. */
    boolean keyed() {
      return keyed;
    }
  }
}
