package dev.bitfleet.gateway.store;

import com.google.protobuf.ByteString;
import com.hazelcast.map.IMap;
import dev.bitfleet.proto.store.v1.Conversation;
import dev.bitfleet.proto.store.v1.Item;
import dev.bitfleet.proto.store.v1.Place;
import dev.bitfleet.proto.store.v1.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Changes of conversations. */
final class ConversationParts {
  private ConversationParts() {}

  private static Filed find(Vault vault, String tenant, String id, long now) {
    return DocumentParts.find(vault, Shelf.CONVERSATIONS, tenant, id, now);
  }

  private static Runnable write(
      Vault vault,
      String id,
      Filed before,
      Conversation.Builder body,
      long now,
      List<Change> rows) {
    Filed filed =
        before.with(body.build().toByteArray(), now, now + vault.options().ttl().toMillis());
    rows.add(new Change.Put(Shelf.CONVERSATIONS, id, 0, now, filed.toBytes()));
    IMap<String, Filed> map = vault.grid().shelf(Shelf.CONVERSATIONS);
    return () -> {
      // Who held the conversation in the other half of a split changed it too.
      if (!map.replace(id, before, filed)) {
        Union.join(map, id, filed, Union::ofConversations);
      }
    };
  }

  /** A lease may have been lost: whatever stands at that place stays. */
  private static void place(Vault vault, String key, byte[] place) {
    Union.join(vault.grid().places(), key, place, Union::ofPlaces);
  }

  private static List<String> idsOf(String conversation, List<ObjectNode> items) {
    List<String> ids = new ArrayList<>();
    ids.add(conversation);
    items.forEach(item -> ids.add(item.path("id").stringValue("")));
    return ids;
  }

  private static long size(List<Item> items) {
    long bytes = 0;
    for (Item item : items) {
      bytes += item.getJson().size();
    }
    return bytes;
  }

  private static void check(Vault vault, Conversation.Builder body) {
    StoreOptions options = vault.options();
    if (body.getItems() > options.itemsPerConversation()) {
      throw StoreErrors.conversationFull(options.itemsPerConversation() + " items");
    }
    if (body.getBytes() > options.bytesPerConversation()) {
      throw StoreErrors.conversationFull(options.bytesPerConversation() + " bytes");
    }
  }

  /** A new one. */
  record Create(String tenant, String id, ObjectNode metadata, List<ObjectNode> items)
      implements Part {
    @Override
    public List<String> ids() {
      return List.of(id);
    }

    @Override
    public List<String> tellsOf() {
      return idsOf(id, items);
    }

    @Override
    public Runnable prepare(Vault vault, long now, List<Change> rows) {
      List<Item> packed = Places.pack(items, vault.options().bytesPerItem());
      Conversation.Builder body =
          Conversation.newBuilder()
              .setMetadata(ByteString.copyFrom(JsonMapper.shared().writeValueAsBytes(metadata)))
              .setPlaces(packed.isEmpty() ? 0 : 1)
              .setItems(packed.size())
              .setBytes(size(packed));
      check(vault, body);
      vault.another(tenant);
      Filed before = new Filed(tenant, now, now - 1, 0, false, new byte[0]);
      Runnable conversation = write(vault, id, before, body, now, rows);
      if (packed.isEmpty()) {
        return conversation;
      }
      byte[] place = Places.of(UUID.randomUUID().toString(), now, packed).toByteArray();
      rows.add(new Change.Put(Shelf.PLACES, id, 0, now, place));
      return () -> {
        place(vault, Grid.key(id, 0), place);
        conversation.run();
      };
    }
  }

  /** One more turn. The conversation's next place is looked for, not trusted. */
  record Append(
      String tenant,
      String id,
      String turnId,
      List<ObjectNode> items,
      dev.bitfleet.gateway.store.Turn right)
      implements Part {
    @Override
    public List<String> ids() {
      return List.of(id);
    }

    @Override
    public List<String> tellsOf() {
      return idsOf(id, items);
    }

    @Override
    public void taken() {
      right.committing();
    }

    @Override
    public Runnable prepare(Vault vault, long now, List<Change> rows) {
      // It lived when the turn began; what has expired since is taken up again by this.
      Filed before = DocumentParts.there(vault, Shelf.CONVERSATIONS, tenant, id);
      List<Item> packed = Places.pack(items, vault.options().bytesPerItem());
      Conversation.Builder body = Places.counted(vault, id, Places.body(before)).toBuilder();
      int place = body.getPlaces();
      while (vault.grid().places().containsKey(Grid.key(id, place))) {
        // Its writer died before it could say so.
        place++;
        body.setJoined(true);
      }
      body.setPlaces(place + 1)
          .setItems(body.getItems() + packed.size())
          .setBytes(body.getBytes() + size(packed));
      check(vault, body);
      // Later than all that is known here, whatever the clocks say: it is the turns' order.
      long committed = Math.max(now, before.updated() + 1);
      byte[] bytes = Places.of(turnId, committed, packed).toByteArray();
      rows.add(new Change.Put(Shelf.PLACES, id, place, now, bytes));
      Runnable conversation = write(vault, id, before, body, now, rows);
      String key = Grid.key(id, place);
      return () -> {
        place(vault, key, bytes);
        conversation.run();
      };
    }

    @Override
    public void over() {
      right.over();
    }
  }

  /** Other metadata. */
  record Describe(String tenant, String id, ObjectNode metadata) implements Part {
    @Override
    public List<String> ids() {
      return List.of(id);
    }

    @Override
    public Runnable prepare(Vault vault, long now, List<Change> rows) {
      Filed before = find(vault, tenant, id, now);
      Conversation.Builder body = Places.body(before).toBuilder();
      body.setMetadata(ByteString.copyFrom(JsonMapper.shared().writeValueAsBytes(metadata)));
      return write(vault, id, before, body, now, rows);
    }
  }

  /** A tombstone; its turns go. */
  record Delete(String tenant, String id) implements Part {
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
      Filed before = find(vault, tenant, id, now);
      Filed gone = before.tombstone(now, now + vault.options().ttl().toMillis());
      int places = Places.body(before).getPlaces();
      rows.add(new Change.Remove(Shelf.PLACES, id));
      rows.add(new Change.Put(Shelf.CONVERSATIONS, id, 0, now, gone.toBytes()));
      Runnable answers = Answers.forget(vault, tenant, Shelf.CONVERSATIONS.thing(), id, now, rows);
      return () -> {
        answers.run();
        vault.grid().shelf(Shelf.CONVERSATIONS).set(id, gone);
        Places.remove(vault.grid(), id, places);
        vault.oneLess(tenant);
      };
    }
  }

  /** One item less; a tombstone holds its place. */
  record DeleteItem(String tenant, String id, String itemId) implements Part {
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
      Filed before = find(vault, tenant, id, now);
      Conversation.Builder body = Places.body(before).toBuilder();
      for (Places.Standing standing : Places.read(vault, id, body.getPlaces())) {
        Optional<Place> without = without(standing.place(), body);
        if (without.isPresent()) {
          byte[] bytes = without.get().toByteArray();
          rows.add(new Change.Put(Shelf.PLACES, id, standing.number(), now, bytes));
          Runnable conversation = write(vault, id, before, body, now, rows);
          Runnable answers = Answers.forget(vault, tenant, "item", itemId, now, rows);
          String key = Grid.key(id, standing.number());
          return () -> {
            answers.run();
            place(vault, key, bytes);
            conversation.run();
          };
        }
      }
      throw StoreErrors.notFound("item", itemId);
    }

    private Optional<Place> without(Place place, Conversation.Builder body) {
      for (int t = 0; t < place.getTurnsCount(); t++) {
        Turn turn = place.getTurns(t);
        for (int i = 0; i < turn.getItemsCount(); i++) {
          Item item = turn.getItems(i);
          if (item.getId().equals(itemId) && !item.getDeleted()) {
            body.setItems(body.getItems() - 1).setBytes(body.getBytes() - item.getJson().size());
            Item tombstone = item.toBuilder().clearJson().setDeleted(true).build();
            return Optional.of(
                place.toBuilder().setTurns(t, turn.toBuilder().setItems(i, tombstone)).build());
          }
        }
      }
      return Optional.empty();
    }
  }
}
