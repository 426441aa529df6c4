package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.bitfleet.proto.store.v1.Item;
import dev.bitfleet.proto.store.v1.Place;
import dev.bitfleet.proto.store.v1.Turn;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes one of two copies, the same one whichever comes first and however often: nodes that were
 * apart, or that read their journals, end up with equal maps.
 */
final class Union {
  private Union() {}

  /** The later version; of versions of the same time the deleted one, then the larger. */
  static Filed of(Filed a, Filed b) {
    if (a.updated() != b.updated()) {
      return a.updated() > b.updated() ? a : b;
    }
    if (a.deleted() != b.deleted()) {
      return a.deleted() ? a : b;
    }
    return java.util.Arrays.compare(a.body(), b.body()) >= 0 ? a : b;
  }

  /** All turns of both, by id; an item that is deleted in one is deleted. */
  static byte[] ofPlaces(byte[] a, byte[] b) {
    if (java.util.Arrays.equals(a, b)) {
      return a;
    }
    try {
      Map<String, Turn> turns = new TreeMap<>();
      for (byte[] copy : new byte[][] {a, b}) {
        for (Turn turn : Place.parseFrom(copy).getTurnsList()) {
          turns.merge(turn.getId(), turn, Union::ofTurns);
        }
      }
      return Place.newBuilder().addAllTurns(turns.values()).build().toByteArray();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a place that is no place", e);
    }
  }

  private static Turn ofTurns(Turn a, Turn b) {
    Map<String, Item> deleted = new HashMap<>();
    for (Item item : b.getItemsList()) {
      if (item.getDeleted()) {
        deleted.put(item.getId(), item);
      }
    }
    Turn.Builder turn = a.toBuilder().clearItems();
    for (Item item : a.getItemsList()) {
      @Nullable Item gone = deleted.get(item.getId());
      turn.addItems(gone == null ? item : gone);
    }
    return turn.build();
  }
}
