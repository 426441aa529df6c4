package dev.bitfleet.gateway.store;

import com.hazelcast.map.IMap;
import com.hazelcast.query.Predicates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what has expired from the journal and the maps. Whatever it removes it holds against
 * changes until it is gone from both; what somebody is changing just now it leaves for the next
 * time. Blocks.
 */
final class Sweep {
  private static final Logger log = LoggerFactory.getLogger(Sweep.class);

  /** Owners that one sweep removes at most from one shelf; the rest waits for the next. */
  private static final int MOST = 1000;

  /** Owners that are held at once, and removed with one write. */
  private static final int TOGETHER = 50;

  /** Pages given back after one sweep. */
  private static final int PAGES = 2000;

  private final Vault vault;

  Sweep(Vault vault) {
    this.vault = vault;
  }

  /** Who has expired, still does when it is held, and how it leaves the maps. */
  private interface Leaving {
    boolean expired(String id);
  }

  /**
   * One sweep.
   *
   * @param now Unix milliseconds
   */
  void run(long now) {
    vault.recount();
    int gone = 0;
    try {
      for (Shelf shelf : Shelf.values()) {
        if (shelf == Shelf.PLACES) {
          continue;
        }
        gone += fromMaps(shelf, now);
        gone += fromJournal(shelf, now);
      }
      if (gone > 0) {
        vault.journal().shrink(PAGES).join();
        log.debug("removed {} documents that had expired", gone);
      }
    } catch (CompletionException e) {
      // The journal has said so itself; the rows are found again at the next sweep.
      log.debug("the sweep ended early", e);
    }
  }

  private int fromMaps(Shelf shelf, long now) {
    IMap<String, Filed> map = vault.grid().shelf(shelf);
    List<String> ids =
        map.localKeySet(Predicates.lessEqual(FiledSerializer.EXPIRES, now)).stream()
            .limit(MOST)
            .toList();
    return remove(
        shelf,
        ids,
        id -> {
          Filed filed = map.get(id);
          return filed != null && filed.expires() <= now;
        });
  }

  /** Rows of this journal whose document another node has removed. */
  private int fromJournal(Shelf shelf, long now) {
    Duration ttl = shelf == Shelf.ANSWERS ? vault.options().answerTtl() : vault.options().ttl();
    IMap<String, Filed> map = vault.grid().shelf(shelf);
    List<String> old = vault.journal().untouchedSince(shelf, now - ttl.toMillis(), MOST);
    return remove(shelf, old, id -> !map.containsKey(id));
  }

  private int remove(Shelf shelf, Collection<String> ids, Leaving leaving) {
    int gone = 0;
    List<String> together = new ArrayList<>(TOGETHER);
    for (String id : ids) {
      together.add(id);
      if (together.size() == TOGETHER) {
        gone += removeTogether(shelf, together, leaving);
        together.clear();
      }
    }
    return gone + removeTogether(shelf, together, leaving);
  }

  private int removeTogether(Shelf shelf, List<String> ids, Leaving leaving) {
    List<Leases.Lease> held = new ArrayList<>();
    try {
      List<String> removed = new ArrayList<>();
      List<Change> rows = new ArrayList<>();
      for (String id : ids) {
        vault
            .leases()
            .acquire(leaseOf(shelf, id), Duration.ZERO, 0)
            .ifPresent(
                lease -> {
                  held.add(lease);
                  if (leaving.expired(id) && !inUse(shelf, id)) {
                    removed.add(id);
                    rows.add(new Change.Remove(shelf, id));
                    if (shelf == Shelf.CONVERSATIONS) {
                      rows.add(new Change.Remove(Shelf.PLACES, id));
                    }
                  }
                });
      }
      if (rows.isEmpty()) {
        return 0;
      }
      vault.journal().write(rows).join();
      for (String id : removed) {
        vault.grid().shelf(shelf).delete(id);
        if (shelf == Shelf.CONVERSATIONS) {
          Places.remove(vault, id);
        }
      }
      return removed.size();
    } finally {
      Leases.giveBack(held);
    }
  }

  /** A turn that began in time is committed, and keeps its conversation. */
  private boolean inUse(Shelf shelf, String id) {
    return shelf == Shelf.CONVERSATIONS && vault.leases().taken(Leases.turn(id));
  }

  /** What whoever writes it holds. */
  private static String leaseOf(Shelf shelf, String id) {
    return shelf == Shelf.ANSWERS ? Leases.answer(id) : Leases.change(id);
  }
}
