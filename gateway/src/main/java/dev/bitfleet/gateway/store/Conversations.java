package dev.bitfleet.gateway.store;

import dev.bitfleet.proto.store.v1.Item;
import io.vertx.core.Future;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Conversations and their items. They are made and appended to by a {@link Commit}. May be used
 * from any thread. What is not the tenant's is 404.
 */
public final class Conversations {
  private final OffLoop offLoop;

  Conversations(OffLoop offLoop) {
    this.offLoop = offLoop;
  }

  public Future<Conversation> find(String tenant, String id) {
    return offLoop.call(vault -> conversation(vault, id, filed(vault, tenant, id)));
  }

  /** A tenant's conversations, by their creation. */
  public Future<Page<Conversation>> list(String tenant, PageRequest page) {
    return offLoop.call(
        vault ->
            Listing.of(
                vault,
                Shelf.CONVERSATIONS,
                tenant,
                page,
                (id, filed) -> conversation(vault, id, filed),
                conversation -> true));
  }

  /** Replaces the metadata. */
  public Future<Conversation> describe(String tenant, String id, ObjectNode metadata) {
    return offLoop.call(
        vault -> {
          Commit.carryOut(vault, List.of(new ConversationParts.Describe(tenant, id, metadata)));
          return conversation(vault, id, filed(vault, tenant, id));
        });
  }

  public Future<Void> delete(String tenant, String id) {
    return offLoop.run(
        vault -> {
          Commit.carryOut(vault, List.of(new ConversationParts.Delete(tenant, id)));
        });
  }

  /** All items, oldest first. */
  public Future<List<ObjectNode>> items(String tenant, String id) {
    return offLoop.call(vault -> unpacked(stored(vault, tenant, id)));
  }

  /** A part of the items. */
  public Future<Page<ObjectNode>> items(String tenant, String id, PageRequest page) {
    return offLoop.call(
        vault -> {
          List<Item> items = stored(vault, tenant, id);
          Page<Item> cut = page.of(items, Item::getId);
          return new Page<>(unpacked(cut.data()), cut.hasMore());
        });
  }

  /** Those of the items that are wanted and there. */
  public Future<List<ObjectNode>> items(String tenant, String id, Set<String> wanted) {
    return offLoop.call(
        vault ->
            stored(vault, tenant, id).stream()
                .filter(item -> wanted.contains(item.getId()))
                .map(Places::unpack)
                .toList());
  }

  public Future<ObjectNode> item(String tenant, String id, String itemId) {
    return offLoop.call(
        vault -> {
          for (Item item : stored(vault, tenant, id)) {
            if (item.getId().equals(itemId)) {
              return Places.unpack(item);
            }
          }
          throw StoreErrors.notFound("item", itemId);
        });
  }

  /** Deletes an item; gives the conversation without it. */
  public Future<Conversation> deleteItem(String tenant, String id, String itemId) {
    return offLoop.call(
        vault -> {
          Commit.carryOut(vault, List.of(new ConversationParts.DeleteItem(tenant, id, itemId)));
          return conversation(vault, id, filed(vault, tenant, id));
        });
  }

  /**
   * Waits for one's turn to append. 409 when it does not come in time or too many wait.
   *
   * <p>A caller that has lost interest meanwhile still gets its turn, and releases it.
   */
  public Future<Turn> begin(String tenant, String id) {
    return begin(tenant, id, true);
  }

  /** The same for who does not look at the history: it is not read, and empty. */
  public Future<Turn> beginUnseen(String tenant, String id) {
    return begin(tenant, id, false);
  }

  private Future<Turn> begin(String tenant, String id, boolean withHistory) {
    return offLoop.call(
        vault -> {
          // A guessed id must not make a queue.
          filed(vault, tenant, id);
          Leases.Lease lease =
              vault
                  .leases()
                  .acquire(
                      Leases.turn(id), vault.options().turnWait(), vault.options().turnsWaiting())
                  .orElseThrow(StoreErrors::conversationBusy);
          try {
            vault.catchUp();
            List<ObjectNode> history =
                withHistory ? unpacked(stored(vault, tenant, id)) : List.of();
            return new Turn(offLoop, lease, id, history);
          } catch (RuntimeException e) {
            lease.close();
            throw e;
          }
        });
  }

  private static Filed filed(Vault vault, String tenant, String id) {
    return DocumentParts.find(vault, Shelf.CONVERSATIONS, tenant, id, System.currentTimeMillis());
  }

  private static List<Item> stored(Vault vault, String tenant, String id) {
    int places = Places.body(filed(vault, tenant, id)).getPlaces();
    return Places.items(Places.read(vault, id, places));
  }

  private static List<ObjectNode> unpacked(List<Item> items) {
    return items.stream().map(Places::unpack).toList();
  }

  private static Conversation conversation(Vault vault, String id, Filed filed) {
    dev.bitfleet.proto.store.v1.Conversation body = Places.counted(vault, id, Places.body(filed));
    ObjectNode metadata =
        (ObjectNode) JsonMapper.shared().readTree(body.getMetadata().toByteArray());
    return new Conversation(id, filed.created(), metadata, body.getItems());
  }
}
