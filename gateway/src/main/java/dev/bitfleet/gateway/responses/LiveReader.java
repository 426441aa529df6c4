package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.dialect.responses.ResponseWriter;
import dev.bitfleet.gateway.http.EventSocket;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import io.vertx.core.buffer.Buffer;

/** Reads a live log to one client, as fast as that one takes it. Event loop only. */
final class LiveReader {
  /** Events are joined up to about so many bytes for one write. */
  private static final int WRITE_BYTES = 16 << 10;

  /** Told to who goes on with a response that was made again and does not say the same. */
  private static final ApiError CHANGED =
      ApiError.server(
          409,
          "response_events_changed",
          "The response was made again, and does not say what you have of it. Ask for its events"
              + " from the beginning.");

  private final LiveEvents events;
  private final EventSocket socket;
  private final Runnable more = this::pump;
  private int next;

  /** Bytes of the next event that have been written. */
  private int offset;

  private LiveReader(Exchange exchange, HttpLimits limits, LiveEvents events, int from) {
    this.events = events;
    this.next = from;
    this.socket = EventSocket.begin(exchange, limits, more);
  }

  /**
   * Begins to read.
   *
   * @param from sequence number of the first event it gets
   * @param gone runs when the client leaves before the end
   */
  static void attach(
      Exchange exchange, HttpLimits limits, LiveEvents events, int from, Runnable gone) {
    if (exchange.settled()) {
      gone.run();
      return;
    }
    LiveReader reader = new LiveReader(exchange, limits, events, from);
    exchange.whenGone(gone);
    exchange.atEnd(() -> events.forget(reader.more));
    events.tellOf(reader.more, exchange::cut);
    reader.pump();
  }

  /**
   * The last thing that a reader hears of a log that it has not read so far.
   *
   * @param next number of the event that it waited for
   */
  static byte[] changed(int next) {
    return ResponseWriter.error(CHANGED, next);
  }

  private void pump() {
    if (socket.closed()) {
      return;
    }
    while (next < events.size() && !socket.full()) {
      Buffer joined = Buffer.buffer();
      while (next < events.size() && joined.length() < WRITE_BYTES) {
        // The last events of a response repeat all of it, and are far larger than a write.
        byte[] event = events.get(next);
        int length = Math.min(WRITE_BYTES, event.length - offset);
        joined.appendBytes(event, offset, length);
        offset += length;
        if (offset == event.length) {
          next++;
          offset = 0;
        }
      }
      if (events.ended() && next >= events.size()) {
        socket.end(joined);
        return;
      }
      socket.write(joined);
    }
    if (events.ended() && next >= events.size()) {
      socket.end(next > events.size() ? Buffer.buffer(changed(next)) : Buffer.buffer());
    }
  }
}
