package dev.bitfleet.gateway.store;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Documents of one kind. They are made by a {@link Commit}. May be used from any thread. */
public final class Documents {
  private final OffLoop offLoop;
  private final Shelf shelf;

  Documents(OffLoop offLoop, Shelf shelf) {
    this.offLoop = offLoop;
    this.shelf = shelf;
  }

  Shelf shelf() {
    return shelf;
  }

  /** The document; 404 for what is not the tenant's. */
  public Future<Document> find(String tenant, String id) {
    return offLoop.call(
        vault ->
            document(id, DocumentParts.find(vault, shelf, tenant, id, System.currentTimeMillis())));
  }

  /**
   * The same of one that is still needed: it is kept for as long again as when it was new. What was
   * used not long ago is only read.
   */
  public Future<Document> use(String tenant, String id) {
    return offLoop.call(
        vault -> {
          long now = System.currentTimeMillis();
          Filed filed = DocumentParts.find(vault, shelf, tenant, id, now);
          if (filed.expires() - now < vault.options().ttl().toMillis() / 2) {
            Commit.carryOut(vault, List.of(new DocumentParts.Prolong(shelf, tenant, id)));
          }
          return document(id, filed);
        });
  }

  /** Changes a document, alone with it: the change must be quick. */
  public Future<Document> update(String tenant, String id, UnaryOperator<byte[]> change) {
    return offLoop.call(
        vault -> {
          Commit.carryOut(vault, List.of(new DocumentParts.Update(shelf, tenant, id, change)));
          return document(
              id, DocumentParts.find(vault, shelf, tenant, id, System.currentTimeMillis()));
        });
  }

  /** Deletes a document; 404 for what is not the tenant's. */
  public Future<Void> delete(String tenant, String id) {
    return offLoop.run(
        vault -> {
          Commit.carryOut(vault, List.of(new DocumentParts.Remove(shelf, tenant, id, true)));
        });
  }

  /** A tenant's documents that are wanted, by their creation. */
  public Future<Page<Document>> list(String tenant, PageRequest page, Predicate<Document> wanted) {
    return offLoop.call(
        vault ->
            Listing.of(vault, shelf, tenant, page, (id, filed) -> document(id, filed), wanted));
  }

  /** Everybody's. */
  public Future<List<Owned>> all() {
    return offLoop.call(
        vault -> {
          long now = System.currentTimeMillis();
          List<Owned> all = new ArrayList<>();
          vault
              .grid()
              .shelf(shelf)
              .forEach(
                  (id, filed) -> {
                    if (filed.live(now)) {
                      all.add(new Owned(filed.tenant(), document(id, filed)));
                    }
                  });
          return all;
        });
  }

  private static Document document(String id, Filed filed) {
    return new Document(id, filed.created(), filed.body());
  }
}
