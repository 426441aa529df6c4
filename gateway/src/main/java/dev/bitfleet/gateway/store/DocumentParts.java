package dev.bitfleet.gateway.store;

import com.hazelcast.map.IMap;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Changes of documents. */
final class DocumentParts {
  private DocumentParts() {}

  /** A document of a tenant; anything else is not there. */
  static Filed find(Vault vault, Shelf shelf, String tenant, String id, long now) {
    Filed filed = vault.grid().shelf(shelf).get(id);
    if (filed == null || !filed.live(now) || !filed.tenant().equals(tenant)) {
      throw StoreErrors.notFound(shelf.thing(), id);
    }
    return filed;
  }

  /** The same of one that may have expired, if only nothing has removed it. */
  static Filed there(Vault vault, Shelf shelf, String tenant, String id) {
    Filed filed = vault.grid().shelf(shelf).get(id);
    if (filed == null || filed.deleted() || !filed.tenant().equals(tenant)) {
      throw StoreErrors.notFound(shelf.thing(), id);
    }
    return filed;
  }

  private static Runnable write(
      Vault vault, Shelf shelf, String id, Filed filed, long now, List<Change> rows) {
    rows.add(new Change.Put(shelf, id, 0, now, filed.toBytes()));
    IMap<String, Filed> map = vault.grid().shelf(shelf);
    // What was done meanwhile by those who came later must stand, when this comes late: a
    // tombstone.
    return () -> Union.join(map, id, filed, Union.on(shelf));
  }

  /**
   * Creates or replaces.
   *
   * @param written makes the body; called on a virtual thread
   * @param replaceable whether what is there may be replaced; it is refused as gone otherwise
   * @param grows false for the end of what was promised, which a full store must take too
   */
  record Put(
      Shelf shelf,
      String tenant,
      String id,
      Supplier<byte[]> written,
      Predicate<byte[]> replaceable,
      boolean grows)
      implements Part {
    @Override
    public List<String> ids() {
      return List.of(id);
    }

    @Override
    public List<String> tellsOf() {
      return ids();
    }

    @Override
    public Runnable prepare(Vault vault, long now, List<Change> rows) {
      byte[] body = written.get();
      if (body.length > vault.options().bytesPerDocument()) {
        throw StoreErrors.tooLarge(shelf.thing(), vault.options().bytesPerDocument());
      }
      Filed there = vault.grid().shelf(shelf).get(id);
      long expires = now + vault.options().ttl().toMillis();
      if (there != null && !there.tenant().equals(tenant)) {
        throw StoreErrors.notFound(shelf.thing(), id);
      }
      if (there != null && there.deleted()) {
        // It was deleted while it was being made.
        throw StoreErrors.notFound(shelf.thing(), id);
      }
      if (there != null && !replaceable.test(there.body())) {
        throw StoreErrors.notFound(shelf.thing(), id);
      }
      Filed filed =
          there == null
              ? new Filed(tenant, now, now, expires, false, body)
              : there.with(body, now, expires);
      return write(vault, shelf, id, filed, now, rows);
    }
  }

  /** Keeps what is there for longer. */
  record Prolong(Shelf shelf, String tenant, String id) implements Part {
    @Override
    public List<String> ids() {
      return List.of(id);
    }

    @Override
    public boolean grows() {
      return false;
    }

    @Override
    public Runnable prepare(Vault vault, long now, List<Change> rows) {
      Filed there = find(vault, shelf, tenant, id, now);
      Filed filed = there.with(there.body(), now, now + vault.options().ttl().toMillis());
      return write(vault, shelf, id, filed, now, rows);
    }
  }

  /** Changes what is there. */
  record Update(Shelf shelf, String tenant, String id, UnaryOperator<byte[]> change)
      implements Part {
    @Override
    public List<String> ids() {
      return List.of(id);
    }

    @Override
    public Runnable prepare(Vault vault, long now, List<Change> rows) {
      Filed there = find(vault, shelf, tenant, id, now);
      byte[] body = change.apply(there.body());
      if (body.length > vault.options().bytesPerDocument()) {
        throw StoreErrors.tooLarge(shelf.thing(), vault.options().bytesPerDocument());
      }
      Filed filed = there.with(body, now, now + vault.options().ttl().toMillis());
      return write(vault, shelf, id, filed, now, rows);
    }
  }

  /**
   * Leaves a tombstone. A response's event log goes with it, and what was answered about it.
   *
   * @param mustBeThere otherwise one that is not there is fine
   */
  record Remove(Shelf shelf, String tenant, String id, boolean mustBeThere) implements Part {
    @Override
    public List<String> ids() {
      return List.of(id);
    }

    @Override
    public boolean grows() {
      return false;
    }

    @Override
    public Runnable prepare(Vault vault, long now, List<Change> rows) {
      Filed there = vault.grid().shelf(shelf).get(id);
      if (there == null || !there.live(now) || !there.tenant().equals(tenant)) {
        if (mustBeThere) {
          throw StoreErrors.notFound(shelf.thing(), id);
        }
        return () -> {};
      }
      long until = now + vault.options().ttl().toMillis();
      Runnable tombstone = write(vault, shelf, id, there.tombstone(now, until), now, rows);
      if (shelf == Shelf.PENDING_RESPONSES) {
        // Work that is done: the response is there.
        return tombstone;
      }
      Runnable answers = Answers.forget(vault, tenant, shelf.thing(), id, now, rows);
      Runnable removed =
          () -> {
            answers.run();
            tombstone.run();
          };
      if (shelf != Shelf.RESPONSES) {
        return removed;
      }
      Filed events = vault.grid().shelf(Shelf.EVENT_LOGS).get(id);
      if (events == null) {
        return removed;
      }
      Runnable unlogged =
          write(vault, Shelf.EVENT_LOGS, id, events.tombstone(now, until), now, rows);
      return () -> {
        removed.run();
        unlogged.run();
      };
    }
  }
}
