package dev.bitfleet.gateway.store;

import com.hazelcast.map.IMap;
import com.hazelcast.projection.Projections;
import com.hazelcast.query.Predicates;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which node does the work that was promised. Whoever does it holds its right meanwhile: so a node
 * that comes leaves alone what others do, and what a node leaves behind is seen by all others. A
 * right may be lost unnoticed, as any lease; what ends the work must be safe then too. May be used
 * from any thread.
 */
public final class Promises {
  private final OffLoop offLoop;

  Promises(OffLoop offLoop) {
    this.offLoop = offLoop;
  }

  /** The right to do that work; empty when somebody has it. */
  public Future<Optional<Right>> claim(String id) {
    return offLoop.call(vault -> lease(vault, id).map(lease -> new Right(offLoop, lease)));
  }

  private static Optional<Leases.Lease> lease(Vault vault, String id) {
    return vault.leases().acquire(Leases.run(id), Duration.ZERO, 0);
  }

  /** Work that nobody did, and the right to do it. */
  public record Claimed(Owned work, Right right) {}

  /**
   * Claims work that nobody does, everybody's, oldest first.
   *
   * @param most of it
   */
  public Future<List<Claimed>> unclaimed(int most) {
    return offLoop.call(
        vault -> {
          List<Leases.Lease> held = new ArrayList<>();
          try {
            return claimed(vault, most, held);
          } catch (RuntimeException e) {
            Leases.giveBack(held);
            throw e;
          }
        });
  }

  private List<Claimed> claimed(Vault vault, int most, List<Leases.Lease> held) {
    long now = System.currentTimeMillis();
    IMap<String, Filed> pending = vault.grid().shelf(Shelf.PENDING_RESPONSES);
    List<Claimed> claimed = new ArrayList<>();
    for (String id : oldestFirst(pending)) {
      if (claimed.size() >= most) {
        break;
      }
      Optional<Leases.Lease> free = lease(vault, id);
      if (free.isEmpty()) {
        continue;
      }
      Leases.Lease lease = free.get();
      held.add(lease);
      // Only now: whoever had the right may have finished a moment ago.
      Filed filed = pending.get(id);
      if (filed == null || !filed.live(now)) {
        lease.close();
      } else {
        claimed.add(
            new Claimed(
                new Owned(filed.tenant(), new Document(id, filed.created(), filed.body())),
                new Right(offLoop, lease)));
      }
    }
    return claimed;
  }

  private static List<String> oldestFirst(IMap<String, Filed> pending) {
    record Entry(String id, long created) {}
    return pending
        .project(
            Projections.<Map.Entry<String, Filed>>multiAttribute("__key", FiledSerializer.CREATED),
            Predicates.equal(FiledSerializer.DELETED, false))
        .stream()
        .map(each -> new Entry((String) each[0], (Long) each[1]))
        .sorted(Comparator.comparingLong(Entry::created).thenComparing(Entry::id))
        .map(Entry::id)
        .toList();
  }
}
