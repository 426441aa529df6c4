package dev.bitfleet.gateway.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.bitfleet.proto.store.v1.Conversation;
import dev.bitfleet.proto.store.v1.Item;
import dev.bitfleet.proto.store.v1.Place;
import dev.bitfleet.proto.store.v1.Turn;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The turns of a conversation in the maps. Blocks; virtual threads only. */
final class Places {
  /** Entries asked for at once: what a reader holds besides its result. */
  private static final int READ = 256;

  private Places() {}

  /** A place as it stands. */
  record Standing(int number, Place place) {}

  /** All of them, in order. */
  static List<Standing> read(Vault vault, String id, int places) {
    List<Standing> standing = new ArrayList<>(places);
    for (int from = 0; from < places; from += READ) {
      int to = Math.min(places, from + READ);
      Set<String> keys = new HashSet<>();
      for (int place = from; place < to; place++) {
        keys.add(Grid.key(id, place));
      }
      Map<String, byte[]> found = vault.grid().places().getAll(keys);
      for (int place = from; place < to; place++) {
        byte[] bytes = found.get(Grid.key(id, place));
        if (bytes != null) {
          standing.add(new Standing(place, parse(bytes)));
        }
      }
    }
    return standing;
  }

  /**
   * The items that are not deleted, in order: that of their turns' commits. Places have it too,
   * unless nodes that knew nothing of each other went on with one conversation.
   */
  static List<Item> items(List<Standing> places) {
    Map<String, Turn> turns = new LinkedHashMap<>();
    for (Standing standing : places) {
      for (Turn turn : standing.place().getTurnsList()) {
        turns.merge(turn.getId(), turn, Union::later);
      }
    }
    return turns.values().stream()
        .sorted(Comparator.comparingLong(Turn::getCommitted).thenComparing(Turn::getId))
        .flatMap(turn -> turn.getItemsList().stream())
        .filter(item -> !item.getDeleted())
        .toList();
  }

  /** What its turns add up to, where that is not known. */
  static Conversation counted(Vault vault, String id, Conversation body) {
    if (!body.getJoined()) {
      return body;
    }
    List<Item> items = items(read(vault, id, body.getPlaces()));
    return body.toBuilder()
        .setItems(items.size())
        .setBytes(items.stream().mapToLong(item -> item.getJson().size()).sum())
        .setJoined(false)
        .build();
  }

  /** Removes all of them: as many as are known of, and what follows them. */
  static void remove(Grid grid, String id, int known) {
    int place = 0;
    while (grid.places().remove(Grid.key(id, place)) != null || place < known) {
      place++;
    }
  }

  /** A turn alone at a place. */
  static Place of(String turnId, long now, List<Item> items) {
    return Place.newBuilder()
        .addTurns(Turn.newBuilder().setId(turnId).setCommitted(now).addAllItems(items))
        .build();
  }

  /** Items as they are kept; those too large are refused. */
  static List<Item> pack(List<ObjectNode> items, int bytesPerItem) {
    List<Item> packed = new ArrayList<>(items.size());
    for (ObjectNode item : items) {
      byte[] json = JsonMapper.shared().writeValueAsBytes(item);
      if (json.length > bytesPerItem) {
        throw StoreErrors.tooLarge("item", bytesPerItem);
      }
      packed.add(
          Item.newBuilder()
              .setId(item.path("id").stringValue(""))
              .setJson(ByteString.copyFrom(json))
              .build());
    }
    return packed;
  }

  static ObjectNode unpack(Item item) {
    return (ObjectNode) JsonMapper.shared().readTree(item.getJson().toByteArray());
  }

  static Place parse(byte[] bytes) {
    try {
      return Place.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a place that is no place", e);
    }
  }

  static Conversation body(Filed filed) {
    try {
      return Conversation.parseFrom(filed.body());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a conversation that is none", e);
    }
  }
}
