package dev.bitfleet.gateway.store;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.store.v1.EventLog;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Events as they are kept: one after the other, each after its length, deflated, in pieces. */
final class Frames {
  /** Bytes of events in a piece, about: what a reader holds at a time. */
  static final int PIECE = 32 << 10;

  private Frames() {}

  /** Where a piece ends that begins there; behind its beginning, unless that is the end. */
  static int end(List<byte[]> frames, int from, int mostBytes) {
    int bytes = 0;
    int to = from;
    while (to < frames.size() && bytes < mostBytes) {
      bytes += frames.get(to++).length;
    }
    return to;
  }

  /** All of them as a document's body. */
  static byte[] whole(String tenant, List<byte[]> frames) {
    EventLog.Builder log = EventLog.newBuilder().setTenant(tenant).setEvents(frames.size());
    for (int from = 0; from < frames.size(); ) {
      int to = end(frames, from, PIECE);
      log.addPieces(packed(frames.subList(from, to)));
      from = to;
    }
    return log.build().toByteArray();
  }

  /** A piece that stands alone. */
  static byte[] piece(String tenant, int first, byte[] before, List<byte[]> frames) {
    return packed(frames)
        .setTenant(tenant)
        .setFirst(first)
        .setBefore(ByteString.copyFrom(before))
        .build()
        .toByteArray();
  }

  private static EventLog.Builder packed(List<byte[]> frames) {
    return EventLog.newBuilder()
        .setEvents(frames.size())
        .setFrames(ByteString.copyFrom(Deflated.of(joined(frames))));
  }

  private static byte[] joined(List<byte[]> frames) {
    int length = 0;
    for (byte[] frame : frames) {
      length += 4 + frame.length;
    }
    ByteBuffer joined = ByteBuffer.allocate(length);
    for (byte[] frame : frames) {
      joined.putInt(frame.length).put(frame);
    }
    return joined.array();
  }

  /** The events of a piece. */
  static List<byte[]> of(EventLog piece) {
    ByteBuffer rest = ByteBuffer.wrap(Deflated.undone(piece.getFrames().toByteArray()));
    List<byte[]> frames = new ArrayList<>();
    while (rest.hasRemaining()) {
      byte[] frame = new byte[rest.getInt()];
      rest.get(frame);
      frames.add(frame);
    }
    return frames;
  }
}
