package dev.bitfleet.gateway.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.map.IMap;
import dev.bitfleet.proto.store.v1.Conversation;
import dev.bitfleet.proto.store.v1.Item;
import dev.bitfleet.proto.store.v1.Place;
import dev.bitfleet.proto.store.v1.Turn;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;

/**
 * From a journal to the maps. What several nodes bring is joined, so nodes may come in any order
 * and a row may come twice. Conversations are counted anew: what their turns say holds. One thread.
 */
final class Replay {
  /** Conversations before their turns. */
  static final List<Shelf> ORDER = List.of(Shelf.values());

  private static final int BATCH = 512;

  private static final class Sum {
    int places;
    int items;
    long bytes;
  }

  private final Map<Shelf, Map<String, Filed>> documents = new EnumMap<>(Shelf.class);
  private final Map<String, byte[]> places = new HashMap<>();
  private final Map<String, Sum> sums = new HashMap<>();

  /** Takes a row; see {@link JournalFile.Reader}. */
  void row(Shelf shelf, String owner, int place, long touched, byte[] value)
      throws JournalException {
    try {
      if (shelf == Shelf.PLACES) {
        places.put(Grid.key(owner, place), value);
        Sum sum = sums.computeIfAbsent(owner, id -> new Sum());
        sum.places = Math.max(sum.places, place + 1);
        for (Turn turn : Place.parseFrom(value).getTurnsList()) {
          for (Item item : turn.getItemsList()) {
            if (!item.getDeleted()) {
              sum.items++;
              sum.bytes += item.getJson().size();
            }
          }
        }
      } else {
        documents.computeIfAbsent(shelf, each -> new HashMap<>()).put(owner, Filed.of(value));
      }
    } catch (InvalidProtocolBufferException e) {
      throw new JournalException(
          "a row of the journal cannot be read although its checksum is right: was it written by a"
              + " newer Bitfleet?",
          e);
    }
  }

  /**
   * Puts everything that still holds into the maps; gives what the journal can forget.
   *
   * @param now Unix milliseconds
   */
  List<Change> into(Grid grid, long now) {
    List<Change> stale = new ArrayList<>();
    documents.forEach(
        (shelf, filed) ->
            filed
                .entrySet()
                .removeIf(
                    entry -> {
                      boolean expired = entry.getValue().expires() <= now;
                      if (expired) {
                        stale.add(new Change.Remove(shelf, entry.getKey()));
                      }
                      return expired;
                    }));
    Map<String, Filed> conversations =
        documents.computeIfAbsent(Shelf.CONVERSATIONS, shelf -> new HashMap<>());
    sums.entrySet()
        .removeIf(
            entry -> {
              String id = entry.getKey();
              Filed conversation = conversations.get(id);
              if (conversation != null && conversation.live(now)) {
                return false;
              }
              stale.add(new Change.Remove(Shelf.PLACES, id));
              for (int place = 0; place < entry.getValue().places; place++) {
                places.remove(Grid.key(id, place));
              }
              return true;
            });
    conversations.replaceAll((id, filed) -> filed.deleted() ? filed : recounted(id, filed));
    fill(grid.places(), places, Union::ofPlaces, grid.alone());
    documents.forEach((shelf, filed) -> fill(grid.shelf(shelf), filed, Union::of, grid.alone()));
    return stale;
  }

  private Filed recounted(String id, Filed filed) {
    Sum sum = sums.getOrDefault(id, new Sum());
    ByteString metadata;
    try {
      metadata = Conversation.parseFrom(filed.body()).getMetadata();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a conversation that is none", e);
    }
    byte[] body =
        Conversation.newBuilder()
            .setMetadata(metadata)
            .setPlaces(sum.places)
            .setItems(sum.items)
            .setBytes(sum.bytes)
            .build()
            .toByteArray();
    return new Filed(
        filed.tenant(), filed.created(), filed.updated(), filed.expires(), false, body);
  }

  private static <V> void fill(
      IMap<String, V> map, Map<String, V> rows, BinaryOperator<V> union, boolean alone) {
    if (!alone) {
      rows.forEach((key, value) -> join(map, key, value, union));
      return;
    }
    Map<String, V> batch = new HashMap<>();
    rows.forEach(
        (key, value) -> {
          batch.put(key, value);
          if (batch.size() == BATCH) {
            map.setAll(batch);
            batch.clear();
          }
        });
    map.setAll(batch);
  }

  private static <V> void join(IMap<String, V> map, String key, V value, BinaryOperator<V> union) {
    while (true) {
      V there = map.putIfAbsent(key, value);
      if (there == null || map.replace(key, there, union.apply(there, value))) {
        return;
      }
    }
  }

  int conversations() {
    return documents.getOrDefault(Shelf.CONVERSATIONS, Map.of()).size();
  }

  int turns() {
    return places.size();
  }

  int documents() {
    return documents.entrySet().stream()
        .filter(each -> each.getKey() != Shelf.CONVERSATIONS)
        .mapToInt(each -> each.getValue().size())
        .sum();
  }
}
