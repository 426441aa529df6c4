package dev.bitfleet.gateway.store;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exclusive rights, by name, in all of the fleet. Those who wait on one node are served in the
 * order they came; between nodes whoever asks first gets it.
 *
 * <p>A right ends when it is given back, when its holder's node leaves the fleet, or when the node
 * has not renewed it for {@link #LIFE}. So a right may be lost without its holder knowing; what is
 * done under it must be safe then too. Acquiring blocks: virtual threads only.
 *
 * <p>Here is the waiting; what becomes of a claim in the fleet is for {@link Claims} to say.
 */
final class Leases {
  private static final Logger log = LoggerFactory.getLogger(Leases.class);

  /** Until a holder that does not renew is thought dead. */
  static final Duration LIFE = Duration.ofSeconds(30);

  static final long POLL_MILLIS = 20;

  private static final class Gate {
    final Semaphore turn = new Semaphore(1, true);
    int users;
  }

  private final LeaseTable table;
  private final Claims claims;
  private final Map<String, Gate> gates = new ConcurrentHashMap<>();

  Leases(LeaseTable table) {
    this.table = table;
    this.claims = new Claims(table);
  }

  /** The right to append to a conversation. */
  static String turn(String conversationId) {
    return "turn:" + conversationId;
  }

  /** The right to do work that was promised. */
  static String run(String id) {
    return "run:" + id;
  }

  /** The right to change a document; held for moments. */
  static String change(String id) {
    return "change:" + id;
  }

  /** The right to answer a request that may come again. */
  static String answer(String id) {
    return "answer:" + id;
  }

  /** A right that is held. Giving it back twice does nothing more. */
  final class Lease implements AutoCloseable {
    private final String name;
    private final String token;
    private boolean over;

    private Lease(String name, String token) {
      this.name = name;
      this.token = token;
    }

    /** Gives it back. Blocks a little. */
    @Override
    public void close() {
      synchronized (this) {
        if (over) {
          return;
        }
        over = true;
      }
      try {
        claims.giveBack(name, token);
      } catch (HazelcastInstanceNotActiveException e) {
        // The node is stopping: its leases go with it.
      } finally {
        leave(name, true);
      }
    }
  }

  /**
   * Waits for a right; empty when it did not come in time, or too many wait already.
   *
   * @param waiting how many may wait for it on this node
   */
  Optional<Lease> acquire(String name, Duration patience, int waiting) {
    long deadline = System.nanoTime() + patience.toNanos();
    Gate gate =
        gates.compute(
            name,
            (same, there) -> {
              Gate found = there == null ? new Gate() : there;
              found.users++;
              return found;
            });
    boolean entered = false;
    boolean taken = false;
    try {
      entered =
          gate.users - 2 < waiting
              ? gate.turn.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)
              : gate.turn.tryAcquire();
      if (!entered) {
        return Optional.empty();
      }
      String token = claims.token();
      taken = take(name, token, deadline);
      return taken ? Optional.of(new Lease(name, token)) : Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      if (!taken) {
        leave(name, entered);
      }
    }
  }

  private boolean take(String name, String token, long deadline) throws InterruptedException {
    while (!claims.take(name, token)) {
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
      Thread.sleep(POLL_MILLIS);
    }
    return true;
  }

  private void leave(String name, boolean entered) {
    gates.computeIfPresent(
        name,
        (same, gate) -> {
          if (entered) {
            gate.turn.release();
          }
          return --gate.users == 0 ? null : gate;
        });
  }

  /** Gives all of them back; one that cannot be given back runs out, and keeps no other. */
  static void giveBack(List<Lease> leases) {
    for (Lease lease : leases) {
      try {
        lease.close();
      } catch (RuntimeException e) {
        log.warn("a lease could not be given back; it ends within {} s", LIFE.toSeconds(), e);
      }
    }
  }

  /** Makes all that this node holds last longer. */
  void renew() {
    claims.renew();
  }

  /** Whether anybody holds it. */
  boolean taken(String name) {
    return table.taken(name);
  }
}
