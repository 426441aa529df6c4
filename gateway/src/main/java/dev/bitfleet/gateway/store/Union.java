package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.map.IMap;
import dev.bitfleet.proto.store.v1.Conversation;
import dev.bitfleet.proto.store.v1.Item;
import dev.bitfleet.proto.store.v1.Place;
import dev.bitfleet.proto.store.v1.Turn;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Makes one of two copies, the same one whichever comes first and however often: nodes that were
 * apart, or that read their journals, end up with equal maps. Where the first has all that the
 * second has, the first itself is the union.
 */
final class Union {
  private Union() {}

  /**
   * The deleted version: ids are not used again, and what somebody wanted gone does not come back
   * because somebody else, who could not know, changed it later. Otherwise the later one; of
   * versions of the same time the larger.
   */
  static Filed of(Filed a, Filed b) {
    if (a.deleted() != b.deleted()) {
      return a.deleted() ? a : b;
    }
    if (a.updated() != b.updated()) {
      return a.updated() > b.updated() ? a : b;
    }
    return Arrays.compare(a.body(), b.body()) >= 0 ? a : b;
  }

  /** The same of conversations: each knows of turns that the other does not. */
  static Filed ofConversations(Filed a, Filed b) {
    Filed one = of(a, b);
    if (one.deleted() || Arrays.equals(a.body(), b.body())) {
      return one;
    }
    Conversation.Builder body = Places.body(one).toBuilder();
    body.setPlaces(Math.max(Places.body(a).getPlaces(), Places.body(b).getPlaces()))
        .setJoined(true);
    long expires = Math.max(a.expires(), b.expires());
    byte[] joined = body.build().toByteArray();
    if (one.expires() == expires && Arrays.equals(one.body(), joined)) {
      return one;
    }
    return new Filed(
        one.tenant(), one.created(), one.updated(), expires, false, joined, one.about());
  }

  /** How copies of what stands on a shelf are joined. */
  static BinaryOperator<Filed> on(Shelf shelf) {
    return shelf == Shelf.CONVERSATIONS ? Union::ofConversations : Union::of;
  }

  /** The same of what a journal's rows hold. */
  static byte[] ofRows(Shelf shelf, byte[] a, byte[] b) throws InvalidProtocolBufferException {
    if (Arrays.equals(a, b)) {
      return a;
    }
    if (shelf == Shelf.PLACES) {
      return ofPlaces(a, b);
    }
    Filed there = Filed.of(a);
    Filed joined = on(shelf).apply(there, Filed.of(b));
    return joined == there ? a : joined.toBytes();
  }

  /** Puts something into a map, joined with what is there. */
  static <V> void join(IMap<String, V> map, String key, V value, BinaryOperator<V> union) {
    while (true) {
      V there = map.putIfAbsent(key, value);
      if (there == null || map.replace(key, there, union.apply(there, value))) {
        return;
      }
    }
  }

  /** All turns of both, by id; an item that is deleted in one is deleted. */
  static byte[] ofPlaces(byte[] a, byte[] b) {
    if (Arrays.equals(a, b)) {
      return a;
    }
    try {
      Map<String, Turn> turns = new TreeMap<>();
      for (byte[] copy : new byte[][] {a, b}) {
        for (Turn turn : Place.parseFrom(copy).getTurnsList()) {
          turns.merge(turn.getId(), turn, Union::ofTurns);
        }
      }
      byte[] joined = Place.newBuilder().addAllTurns(turns.values()).build().toByteArray();
      return Arrays.equals(a, joined) ? a : joined;
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a place that is no place", e);
    }
  }

  private static Turn ofTurns(Turn a, Turn b) {
    Turn one = later(a, b);
    Map<String, Item> deleted = new HashMap<>();
    for (Item item : (one == a ? b : a).getItemsList()) {
      if (item.getDeleted()) {
        deleted.put(item.getId(), item);
      }
    }
    Turn.Builder turn = one.toBuilder().clearItems();
    for (Item item : one.getItemsList()) {
      @Nullable Item gone = deleted.get(item.getId());
      turn.addItems(gone == null ? item : gone);
    }
    return turn.build();
  }

  /**
   * A request that was carried out twice, because those who did could not know of each other: its
   * client came again where it got no answer, so the last one is what it was told.
   */
  static Turn later(Turn a, Turn b) {
    if (a.getCommitted() != b.getCommitted()) {
      return a.getCommitted() > b.getCommitted() ? a : b;
    }
    return Arrays.compare(a.toByteArray(), b.toByteArray()) >= 0 ? a : b;
  }
}
