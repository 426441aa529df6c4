package dev.bitfleet.gateway.store;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts into the maps again what this node's journal has, after they may have lost some of it.
 *
 * <p>Halves of a split that become one bring their maps together themselves, but for what is
 * written in that very moment; and what was on no node any more is only in journals. It is a union:
 * that most of it is there already does not matter.
 */
final class Refill {
  private static final Logger log = LoggerFactory.getLogger(Refill.class);

  /** A split is noticed after it began, and what was under way has taken its time too. */
  private static final Duration BEFORE = Duration.ofMinutes(2);

  private static final long NEVER = Long.MAX_VALUE;

  private final Vault vault;

  /** When the first node has left of those that have since the last time; Unix milliseconds. */
  private final AtomicLong apart = new AtomicLong(NEVER);

  /** Rows touched since then are to be put into the maps. */
  private final AtomicLong since = new AtomicLong(NEVER);

  private volatile boolean merging;
  private volatile boolean filling;

  Refill(Vault vault) {
    this.vault = vault;
    vault.grid().whenLeft(() -> apart.compareAndSet(NEVER, now() - BEFORE.toMillis()));
    vault.grid().whenMerging(() -> merging = true);
    vault
        .grid()
        .whenMerged(
            () -> {
              long from = apart.getAndSet(NEVER);
              since.accumulateAndGet(from == NEVER ? 0 : from, Math::min);
              merging = false;
            });
    vault.grid().whenLost(() -> since.set(0));
  }

  /** Something may have been kept that is not in the maps. */
  void doubt() {
    since.accumulateAndGet(now() - BEFORE.toMillis(), Math::min);
  }

  private static long now() {
    return System.currentTimeMillis();
  }

  /** Whether the maps may not have yet what this node's journal has. */
  boolean pending() {
    return merging || since.get() != NEVER || filling;
  }

  /** Does what there is to do. Blocks; one thread. */
  void run() {
    filling = true;
    try {
      long from = since.getAndSet(NEVER);
      if (from != NEVER) {
        fill(from);
      }
    } finally {
      filling = false;
    }
  }

  private void fill(long from) {
    long began = System.nanoTime();
    try {
      Replay replay = new Replay();
      vault.journal().read(Replay.ORDER, from, replay::row);
      List<Change> stale = replay.again(vault.grid(), now());
      if (!stale.isEmpty()) {
        vault.journal().write(stale).join();
      }
      log.info(
          "the fleet's maps have changed: looked after {} conversations, {} turns, {} other"
              + " documents in {} ms",
          replay.conversations(),
          replay.turns(),
          replay.documents(),
          (System.nanoTime() - began) / 1_000_000);
    } catch (CompletionException e) {
      // The journal has said so itself.
      log.debug("the maps could not be filled again", e);
      if (e.getCause() instanceof JournalException cause && cause.passing()) {
        since.accumulateAndGet(from, Math::min);
      }
    } catch (RuntimeException e) {
      since.accumulateAndGet(from, Math::min);
      throw e;
    }
  }
}
