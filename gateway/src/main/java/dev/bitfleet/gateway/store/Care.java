package dev.bitfleet.gateway.store;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.map.IMap;
import com.hazelcast.query.Predicates;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after an open store from a thread of its own: renews leases, weighs what is held, and now
 * and then removes what has expired, from the maps and from the journal.
 */
final class Care implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Care.class);
  private static final long TICK_MILLIS = 1000;
  private static final long RENEW_NANOS = Leases.LIFE.toNanos() / 3;

  /** Owners that one sweep removes at most from one shelf; the rest waits for the next. */
  private static final int SWEEP = 1000;

  /** Pages given back after one sweep. */
  private static final int PAGES = 2000;

  private final Vault vault;
  private final Thread thread =
      Thread.ofPlatform().name("store-care").daemon().unstarted(this::work);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private boolean over;

  Care(Vault vault) {
    this.vault = vault;
  }

  void start() {
    thread.start();
  }

  private void work() {
    long now = System.nanoTime();
    long renewed = now;
    long swept = now;
    while (pause()) {
      now = System.nanoTime();
      try {
        vault.weigh();
        if (now - renewed >= RENEW_NANOS) {
          renewed = now;
          vault.leases().renew();
        }
        if (now - swept >= vault.options().sweepInterval().toNanos()) {
          swept = now;
          sweep(System.currentTimeMillis());
        }
      } catch (HazelcastInstanceNotActiveException e) {
        return;
      } catch (RuntimeException e) {
        log.warn("looking after the store failed; it is tried again", e);
      }
    }
  }

  private boolean pause() {
    lock.lock();
    try {
      long left =
          TimeUnit.MILLISECONDS.toNanos(
              Math.min(TICK_MILLIS, vault.options().sweepInterval().toMillis()));
      while (!over && left > 0) {
        left = ended.awaitNanos(left);
      }
      return !over;
    } catch (InterruptedException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Removes what has expired on this node. */
  private void sweep(long now) {
    vault.recount();
    List<Change> gone = new ArrayList<>();
    for (Shelf shelf : Shelf.values()) {
      if (shelf == Shelf.PLACES) {
        continue;
      }
      IMap<String, Filed> map = vault.grid().shelf(shelf);
      map.localKeySet(Predicates.lessEqual(FiledSerializer.EXPIRES, now)).stream()
          .limit(SWEEP)
          .forEach(id -> remove(shelf, id, now, gone));
      journalled(shelf, now, gone);
    }
    if (!gone.isEmpty()) {
      try {
        vault.journal().write(gone).join();
        vault.journal().shrink(PAGES).join();
      } catch (CompletionException e) {
        // The journal has said so itself; the rows are found again at the next sweep.
        return;
      }
      log.debug("removed {} documents that had expired", gone.size());
    }
  }

  private void remove(Shelf shelf, String id, long now, List<Change> gone) {
    IMap<String, Filed> map = vault.grid().shelf(shelf);
    Filed filed = map.get(id);
    if (filed == null || filed.expires() > now || !map.remove(id, filed)) {
      return;
    }
    gone.add(new Change.Remove(shelf, id));
    if (shelf == Shelf.CONVERSATIONS) {
      Places.remove(vault, id);
      gone.add(new Change.Remove(Shelf.PLACES, id));
    }
  }

  /** Rows of this journal whose document another node has removed. */
  private void journalled(Shelf shelf, long now, List<Change> gone) {
    long ttl =
        shelf == Shelf.ANSWERS
            ? vault.options().answerTtl().toMillis()
            : vault.options().ttl().toMillis();
    for (String id : vault.journal().untouchedSince(shelf, now - ttl, SWEEP)) {
      if (!vault.grid().shelf(shelf).containsKey(id)) {
        gone.add(new Change.Remove(shelf, id));
        if (shelf == Shelf.CONVERSATIONS) {
          gone.add(new Change.Remove(Shelf.PLACES, id));
        }
      }
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      over = true;
      ended.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
