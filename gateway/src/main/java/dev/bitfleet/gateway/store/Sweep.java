package dev.bitfleet.gateway.store;

import com.hazelcast.map.IMap;
import com.hazelcast.query.Predicates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /**
   * Nodes of a fleet may start one after the other, and the later one knows what has kept a
   * document of the earlier one.
   */
  private static final long COMING_NANOS = Duration.ofMinutes(10).toNanos();

  private final long opened = System.nanoTime();
  private final Vault vault;

  /** Tombstones that this journal has, where it had anything. */
  private final Map<Shelf, Set<String>> buried = new EnumMap<>(Shelf.class);

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
    if (!vault.grid().alone() && System.nanoTime() - opened < COMING_NANOS) {
      return;
    }
    int gone = 0;
    try {
      if (!vault.journal().shared()) {
        tombstones(now);
      }
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
        now,
        id -> {
          Filed filed = map.get(id);
          return filed != null && filed.expires() <= now;
        });
  }

  /**
   * Writes tombstones of other nodes over what this journal has: should the node that made one not
   * come back, the document does not either.
   */
  private void tombstones(long now) {
    for (Shelf shelf : Shelf.values()) {
      if (shelf == Shelf.PLACES || shelf == Shelf.ANSWERS) {
        continue;
      }
      Set<String> known = buried.computeIfAbsent(shelf, each -> new HashSet<>());
      Map<String, Filed> all = new HashMap<>();
      for (Map.Entry<String, Filed> entry :
          vault.grid().shelf(shelf).entrySet(Predicates.equal(FiledSerializer.DELETED, true))) {
        all.put(entry.getKey(), entry.getValue());
      }
      known.retainAll(all.keySet());
      all.keySet().removeAll(known);
      List<Change> rows = new ArrayList<>();
      Set<String> here = Set.copyOf(vault.journal().have(shelf, all.keySet()));
      all.forEach(
          (id, tombstone) -> {
            if (here.contains(id)) {
              rows.add(new Change.Put(shelf, id, 0, now, tombstone.toBytes()));
              if (shelf == Shelf.CONVERSATIONS) {
                rows.add(new Change.Remove(Shelf.PLACES, id));
              }
            }
          });
      if (!rows.isEmpty()) {
        vault.journal().write(rows).join();
      }
      known.addAll(all.keySet());
    }
  }

  /** Rows of this journal whose document another node has removed. */
  private int fromJournal(Shelf shelf, long now) {
    Duration ttl = shelf == Shelf.ANSWERS ? vault.options().answerTtl() : vault.options().ttl();
    IMap<String, Filed> map = vault.grid().shelf(shelf);
    List<String> old = vault.journal().untouchedSince(shelf, now - ttl.toMillis(), MOST);
    return remove(shelf, old, now, id -> !map.containsKey(id));
  }

  private int remove(Shelf shelf, Collection<String> ids, long now, Leaving leaving) {
    int gone = 0;
    List<String> together = new ArrayList<>(TOGETHER);
    for (String id : ids) {
      together.add(id);
      if (together.size() == TOGETHER) {
        gone += removeTogether(shelf, together, now, leaving);
        together.clear();
      }
    }
    return gone + removeTogether(shelf, together, now, leaving);
  }

  private int removeTogether(Shelf shelf, List<String> ids, long now, Leaving leaving) {
    List<Leases.Lease> held = new ArrayList<>();
    try {
      List<String> removed = new ArrayList<>();
      Map<String, Integer> places = new HashMap<>();
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
                    rows.add(new Change.Expire(shelf, id, now));
                    if (shelf == Shelf.CONVERSATIONS) {
                      Filed filed = vault.grid().shelf(shelf).get(id);
                      places.put(
                          id,
                          filed == null || filed.deleted() ? 0 : Places.body(filed).getPlaces());
                    }
                  }
                });
      }
      if (rows.isEmpty()) {
        return 0;
      }
      forget(rows);
      for (String id : removed) {
        vault.grid().shelf(shelf).delete(id);
        if (shelf == Shelf.CONVERSATIONS) {
          Places.remove(vault.grid(), id, places.getOrDefault(id, 0));
        }
      }
      return removed.size();
    } finally {
      Leases.giveBack(held);
    }
  }

  private void forget(List<Change> rows) {
    try {
      vault.journal().write(rows).join();
    } catch (CompletionException e) {
      // What may be gone from the journal must not be taken up again from the maps; what is still
      // there is found again.
      if (!(e.getCause() instanceof JournalException cause && cause.uncertain())) {
        throw e;
      }
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
