package dev.bitfleet.gateway.responses;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The event log of a response that runs here: event n has sequence number n. Readers keep an index
 * into it and are told when there is more. Event loop only.
 */
final class LiveEvents {
  private final List<byte[]> events = new ArrayList<>();
  private final Set<Runnable> readers = new LinkedHashSet<>();
  private long bytes;
  private boolean ended;

  /** Adds an event and tells the readers. */
  void append(byte[] event) {
    if (ended) {
      throw new IllegalStateException("the log has ended");
    }
    events.add(event);
    bytes += event.length;
    tell();
  }

  /** Nothing comes after this. */
  void end() {
    ended = true;
    tell();
    readers.clear();
  }

  boolean ended() {
    return ended;
  }

  /** Bytes it holds. */
  long bytes() {
    return bytes;
  }

  int size() {
    return events.size();
  }

  /** The event with that sequence number. Not to be changed. */
  byte[] get(int number) {
    return events.get(number);
  }

  /** All of them so far, one after the other. */
  Buffer joined() {
    Buffer joined = Buffer.buffer();
    events.forEach(joined::appendBytes);
    return joined;
  }

  /** Calls the reader whenever there is more, and at the end. */
  void tellOf(Runnable reader) {
    if (!ended) {
      readers.add(reader);
    }
  }

  void forget(Runnable reader) {
    readers.remove(reader);
  }

  private void tell() {
    // A reader may leave while it is told.
    for (Runnable reader : List.copyOf(readers)) {
      reader.run();
    }
  }
}
