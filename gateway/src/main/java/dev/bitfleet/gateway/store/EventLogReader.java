package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.bitfleet.proto.store.v1.EventLog;
import java.util.Arrays;
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

  /** The place among the pieces of a log that another node writes. */
  private int piece;

  private boolean begun;

  /** The log of this node that it reads. */
  private dev.bitfleet.gateway.store.@Nullable EventLog here;

  /** Digest of the events before the next one; null where nothing of a running log was read. */
  private byte @Nullable [] read;

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
   * @throws Changed when the log does not say what was read, or has ended before that number
   */
  Some next(int from) throws InvalidProtocolBufferException {
    EventLog whole = whole();
    if (whole != null) {
      return sealed(whole, from);
    }
    dev.bitfleet.gateway.store.EventLog log = running.get(id);
    if (log != null && log.tenant().equals(tenant)) {
      return here(log, from);
    }
    Some some = elsewhere(from);
    if (some != null) {
      return some;
    }
    // It may have been sealed, and its pieces removed, while they were being read.
    whole = whole();
    if (whole != null) {
      return sealed(whole, from);
    }
    if (begun) {
      return new Some(List.of(), false);
    }
    throw StoreErrors.notFound(Shelf.RESPONSES.thing(), id);
  }

  /** What has been read is not what the log says now. */
  static final class Changed extends RuntimeException {
    private static final long serialVersionUID = 1;

    Changed() {
      super("the log was begun anew, and says something else");
    }
  }

  /** Whoever goes on with a log that has been begun anew must not mix two of them. */
  private void goOn(byte[] before) {
    if (read != null && !Arrays.equals(read, before)) {
      throw new Changed();
    }
    read = before;
  }

  private Some sealed(EventLog whole, int from) {
    if (read != null) {
      goOn(chain(whole, from));
      // It does not change any more.
      read = null;
    }
    return of(whole, from);
  }

  private static byte[] chain(EventLog whole, int from) {
    byte[] chain = EventChain.START;
    int first = 0;
    for (EventLog each : whole.getPiecesList()) {
      List<byte[]> frames = Frames.of(each);
      int before = Math.min(from - first, frames.size());
      chain = EventChain.after(chain, frames.subList(0, before));
      first += before;
      if (first == from) {
        break;
      }
    }
    return chain;
  }

  private Some here(dev.bitfleet.gateway.store.EventLog log, int from) {
    if (here != log && from > log.size()) {
      // Begun anew, and not as far yet.
      return new Some(List.of(), false);
    }
    if (here != log) {
      goOn(log.chain(from));
      here = log;
    }
    List<byte[]> frames = log.from(from, Frames.PIECE);
    passed(frames);
    return new Some(frames, false);
  }

  private void passed(List<byte[]> frames) {
    read = EventChain.after(read == null ? EventChain.START : read, frames);
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
    if (from > first) {
      // Whoever has read so far has read another one.
      throw new Changed();
    }
    return new Some(List.of(), true);
  }

  /**
   * Null when there is nothing yet. Pieces of a log that was begun anew end elsewhere: it is gone
   * back to the one with that event.
   */
  private @Nullable Some elsewhere(int from) throws InvalidProtocolBufferException {
    EventLog found = piece(piece);
    boolean back = false;
    while (piece > 0 && (found == null || found.getFirst() > from)) {
      piece--;
      back = true;
      found = piece(piece);
    }
    while (found != null && found.getFirst() + found.getEvents() <= from) {
      piece++;
      // Where it came back from there was none that begins here.
      found = back ? null : piece(piece);
    }
    if (found == null || found.getFirst() > from) {
      return null;
    }
    int skipped = from - found.getFirst();
    List<byte[]> frames = Frames.of(found);
    goOn(EventChain.after(found.getBefore().toByteArray(), frames.subList(0, skipped)));
    List<byte[]> rest = List.copyOf(frames.subList(skipped, frames.size()));
    passed(rest);
    piece++;
    return new Some(rest, false);
  }

  private @Nullable EventLog piece(int number) throws InvalidProtocolBufferException {
    byte[] bytes = vault.grid().frames().get(Grid.key(id, number));
    EventLog found = bytes == null ? null : EventLog.parseFrom(bytes);
    if (found == null || !found.getTenant().equals(tenant)) {
      return null;
    }
    begun = true;
    return found;
  }
}
