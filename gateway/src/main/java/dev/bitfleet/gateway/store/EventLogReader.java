package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.bitfleet.proto.store.v1.EventLog;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads one event log on, a piece at a time, wherever it stands just now. Between two pieces it
 * holds no more than a sealed log as it is kept, and nothing after {@link #rest}: readers who pause
 * cost no memory. Blocks; one thread.
 */
final class EventLogReader {
  private final Vault vault;
  private final Map<String, dev.bitfleet.gateway.store.EventLog> running;
  private final String tenant;
  private final String id;
  private @Nullable EventLog sealed;

  /** The place among the pieces of a log that another node writes, and the first event there. */
  private int piece;

  private int pieceFrom;

  EventLogReader(
      Vault vault,
      Map<String, dev.bitfleet.gateway.store.EventLog> running,
      String tenant,
      String id) {
    this.vault = vault;
    this.running = running;
    this.tenant = tenant;
    this.id = id;
  }

  /**
   * Some of the events.
   *
   * @param frames empty when there are no more for now
   * @param last whether nothing comes after them
   */
  record Some(List<byte[]> frames, boolean last) {}

  /** Lets go of what it holds. */
  void rest() {
    sealed = null;
  }

  /**
   * The events from that number on, about {@link Frames#PIECE} bytes of them.
   *
   * @param from not before the last call's
   * @throws dev.bitfleet.gateway.contract.ApiException 404 when there is no such log
   */
  Some next(int from) throws InvalidProtocolBufferException {
    EventLog whole = whole();
    if (whole == null) {
      dev.bitfleet.gateway.store.EventLog here = running.get(id);
      if (here != null && here.tenant().equals(tenant)) {
        return new Some(here.from(from, Frames.PIECE), false);
      }
      Some some = elsewhere(from);
      if (some != null) {
        return some;
      }
      // It may have been sealed, and its pieces removed, while they were being read.
      whole = whole();
      if (whole == null) {
        if (piece > 0) {
          return new Some(List.of(), false);
        }
        throw StoreErrors.notFound(Shelf.RESPONSES.thing(), id);
      }
    }
    return of(whole, from);
  }

  private @Nullable EventLog whole() throws InvalidProtocolBufferException {
    if (sealed == null) {
      Filed filed = vault.grid().shelf(Shelf.EVENT_LOGS).get(id);
      if (filed != null
          && filed.live(System.currentTimeMillis())
          && filed.tenant().equals(tenant)) {
        sealed = EventLog.parseFrom(filed.body());
      }
    }
    return sealed;
  }

  private static Some of(EventLog whole, int from) {
    // Logs of old have all in one piece.
    List<EventLog> pieces = whole.getPiecesCount() == 0 ? List.of(whole) : whole.getPiecesList();
    int first = 0;
    for (int i = 0; i < pieces.size(); i++) {
      int next = first + pieces.get(i).getEvents();
      if (from < next) {
        List<byte[]> frames = Frames.of(pieces.get(i));
        return new Some(
            List.copyOf(frames.subList(from - first, frames.size())), i == pieces.size() - 1);
      }
      first = next;
    }
    return new Some(List.of(), true);
  }

  /** Null when the piece is not there. */
  private @Nullable Some elsewhere(int from) throws InvalidProtocolBufferException {
    while (true) {
      byte[] bytes = vault.grid().frames().get(Grid.key(id, piece));
      EventLog found = bytes == null ? null : EventLog.parseFrom(bytes);
      if (found == null || !found.getTenant().equals(tenant)) {
        return null;
      }
      int next = pieceFrom + found.getEvents();
      int first = pieceFrom;
      piece++;
      pieceFrom = next;
      if (from < next) {
        List<byte[]> frames = Frames.of(found);
        return new Some(List.copyOf(frames.subList(from - first, frames.size())), false);
      }
    }
  }
}
