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
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.ToIntFunction;

/**
 * From a journal to the maps. What several nodes bring is joined, so nodes may come in any order
 * and a row may come twice. Conversations are counted anew: what their turns say holds. One thread.
 */
final class Replay {
  /** Conversations before their turns. */
  static final List<Shelf> ORDER = List.of(Shelf.values());

  private static final int BATCH = BulkUnion.BATCH;

  private static final class Sum {
    int places;
    int items;
    long bytes;
  }

  private final Map<Shelf, Map<String, Filed>> documents = new EnumMap<>(Shelf.class);
  private final Map<String, byte[]> places = new HashMap<>();
  private final Map<String, Sum> sums = new HashMap<>();

  /** Takes a row; see {@link JournalStorage.Reader}. */
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
                      // Another node may know of a later turn, which has kept a conversation.
                      boolean expired =
                          entry.getValue().expires() <= now
                              && (grid.alone() || shelf != Shelf.CONVERSATIONS);
                      if (expired) {
                        stale.add(new Change.Expire(shelf, entry.getKey(), now));
                      }
                      return expired;
                    }));
    Map<String, Filed> conversations =
        documents.computeIfAbsent(Shelf.CONVERSATIONS, shelf -> new HashMap<>());
    Map<String, Integer> emptied = deletedElsewhere(grid, conversations, now, stale);
    sums.entrySet()
        .removeIf(
            entry -> {
              String id = entry.getKey();
              Filed conversation = conversations.get(id);
              if (conversation != null && !conversation.deleted()) {
                return false;
              }
              stale.add(new Change.Remove(Shelf.PLACES, id));
              for (int place = 0; place < entry.getValue().places; place++) {
                places.remove(Grid.key(id, place));
              }
              return true;
            });
    boolean complete = grid.alone();
    conversations.replaceAll(
        (id, filed) -> filed.deleted() ? filed : recounted(id, filed, complete));
    fill(grid);
    emptied.forEach((id, there) -> Places.remove(grid, id, there));
    return stale;
  }

  /**
   * Puts rows into maps that have lost some, or have been joined from two halves; nothing is
   * counted, for these may not be all rows. Gives what the journal can forget.
   */
  List<Change> again(Grid grid, long now) {
    List<Change> stale = new ArrayList<>();
    Map<String, Filed> conversations =
        documents.computeIfAbsent(Shelf.CONVERSATIONS, shelf -> new HashMap<>());
    Map<String, Integer> emptied = deletedElsewhere(grid, conversations, now, stale);
    places.keySet().removeIf(key -> emptied.containsKey(key.substring(key.indexOf('@') + 1)));
    fill(grid);
    emptied.forEach((id, there) -> Places.remove(grid, id, there));
    return stale;
  }

  private void fill(Grid grid) {
    fill(grid, grid.places(), places, Union::ofPlaces, place -> place.length);
    documents.forEach(
        (shelf, filed) ->
            fill(grid, grid.shelf(shelf), filed, Union.on(shelf), each -> each.body().length));
  }

  /**
   * Takes over the tombstones that other nodes have brought for conversations of this journal.
   * Gives the conversations that only one of the two knew to be deleted, with the places that are
   * to be emptied.
   */
  private static Map<String, Integer> deletedElsewhere(
      Grid grid, Map<String, Filed> conversations, long now, List<Change> stale) {
    Map<String, Integer> emptied = new HashMap<>();
    if (grid.alone()) {
      return emptied;
    }
    List<String> ids = List.copyOf(conversations.keySet());
    for (int from = 0; from < ids.size(); from += BATCH) {
      Set<String> asked = Set.copyOf(ids.subList(from, Math.min(ids.size(), from + BATCH)));
      grid.shelf(Shelf.CONVERSATIONS)
          .getAll(asked)
          .forEach(
              (id, there) ->
                  conversations.computeIfPresent(
                      id,
                      (same, own) -> {
                        if (there.deleted() == own.deleted()) {
                          return own;
                        }
                        if (own.deleted()) {
                          emptied.put(id, Places.body(there).getPlaces());
                          return own;
                        }
                        stale.add(new Change.Remove(Shelf.PLACES, id));
                        stale.add(new Change.Put(Shelf.CONVERSATIONS, id, 0, now, there.toBytes()));
                        emptied.put(id, Places.body(own).getPlaces());
                        return there;
                      }));
    }
    return emptied;
  }

  private Filed recounted(String id, Filed filed, boolean complete) {
    Sum sum = sums.getOrDefault(id, new Sum());
    ByteString metadata = Places.body(filed).getMetadata();
    int known = complete ? 0 : Places.body(filed).getPlaces();
    byte[] body =
        Conversation.newBuilder()
            .setMetadata(metadata)
            .setPlaces(Math.max(sum.places, known))
            .setItems(sum.items)
            .setBytes(sum.bytes)
            // Those in other journals are not among them.
            .setJoined(!complete)
            .build()
            .toByteArray();
    return new Filed(
        filed.tenant(), filed.created(), filed.updated(), filed.expires(), false, body);
  }

  private static <V> void fill(
      Grid grid,
      IMap<String, V> map,
      Map<String, V> rows,
      BinaryOperator<V> union,
      ToIntFunction<V> size) {
    if (!grid.alone()) {
      BulkUnion.join(map, rows, union, size);
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
