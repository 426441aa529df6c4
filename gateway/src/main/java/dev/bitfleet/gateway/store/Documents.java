package dev.bitfleet.gateway.store;

import io.vertx.core.Future;
import java.util.List;
import java.util.function.Function;
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
   * What is to be made of the document; 404 for what is not the tenant's.
   *
   * @param reading called on a virtual thread: a large document is not to be read on an event loop
   */
  public <T> Future<T> read(String tenant, String id, Function<Document, T> reading) {
    return offLoop.call(
        vault ->
            reading.apply(
                document(
                    id, DocumentParts.find(vault, shelf, tenant, id, System.currentTimeMillis()))));
  }

  /** The document, which is still needed: see the other of this name. */
  public Future<Document> use(String tenant, String id) {
    return use(tenant, id, document -> document);
  }

  /**
   * The same as to read one that is still needed: it is kept for as long again as when it was new.
   * What was used not long ago is only read.
   */
  public <T> Future<T> use(String tenant, String id, Function<Document, T> reading) {
    return offLoop.call(
        vault -> {
          long now = System.currentTimeMillis();
          Filed filed = DocumentParts.find(vault, shelf, tenant, id, now);
          if (filed.expires() - now < vault.options().ttl().toMillis() / 2) {
            Commit.carryOut(vault, List.of(new DocumentParts.Prolong(shelf, tenant, id)));
          }
          return reading.apply(document(id, filed));
        });
  }

  /**
   * Changes a document, alone with it: the change must be quick. Both functions are called on a
   * virtual thread.
   *
   * @param reading what is to be made of the changed document
   */
  public <T> Future<T> update(
      String tenant, String id, UnaryOperator<byte[]> change, Function<Document, T> reading) {
    return offLoop.call(
        vault -> {
          Commit.carryOut(vault, List.of(new DocumentParts.Update(shelf, tenant, id, change)));
          return reading.apply(
              document(
                  id, DocumentParts.find(vault, shelf, tenant, id, System.currentTimeMillis())));
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
    return list(tenant, page, document -> document, wanted, found -> found);
  }

  /**
   * What is to be made of a tenant's documents, by their creation.
   *
   * @param reading called on a virtual thread, as the others
   * @param wanted which of them are in the list
   * @param writing makes of the page what is to be answered
   */
  public <T, R> Future<R> list(
      String tenant,
      PageRequest page,
      Function<Document, T> reading,
      Predicate<T> wanted,
      Function<Page<T>, R> writing) {
    return offLoop.call(
        vault ->
            writing.apply(
                Listing.of(
                    vault,
                    shelf,
                    tenant,
                    page,
                    (id, filed) -> reading.apply(document(id, filed)),
                    wanted)));
  }

  private static Document document(String id, Filed filed) {
    return new Document(id, filed.created(), filed.body());
  }
}
