package dev.bitfleet.gateway.responses;

import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The event log of a response that runs here: event n has sequence number n. Readers keep an index
 * into it and are told when there is more. Its bytes count against the budget until it has ended
 * and nobody reads it any more. Event loop only.
 */
final class LiveEvents {
  private final LiveBudget budget;
  private final List<byte[]> events = new ArrayList<>();

  /** Who reads, each with what cuts it off. */
  private final Map<Runnable, Runnable> readers = new LinkedHashMap<>();

  private long bytes;
  private boolean ended;
  private boolean charged = true;

  LiveEvents(LiveBudget budget) {
    this.budget = budget;
  }

  /** Adds an event and tells the readers. */
  void append(byte[] event) {
    if (ended) {
      throw new IllegalStateException("the log has ended");
    }
    events.add(event);
    bytes += event.length;
    budget.take(event.length);
    tell();
  }

  /** Nothing comes after this. */
  void end() {
    if (ended) {
      return;
    }
    ended = true;
    tell();
    if (readers.isEmpty()) {
      uncharge();
    } else {
      budget.lingers(this);
    }
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

  /**
   * Calls the reader whenever there is more, and at the end.
   *
   * @param cut closes the connection of one that is too far behind
   */
  void tellOf(Runnable reader, Runnable cut) {
    readers.put(reader, cut);
    if (ended && !charged) {
      charged = true;
      budget.lingers(this);
      budget.take(bytes);
    }
  }

  /** It reads no more. */
  void forget(Runnable reader) {
    readers.remove(reader);
    if (ended && readers.isEmpty()) {
      uncharge();
    }
  }

  /** Cuts off those who still read what has ended. */
  void letGo() {
    List.copyOf(readers.values()).forEach(Runnable::run);
    readers.clear();
    uncharge();
  }

  private void uncharge() {
    budget.gone(this);
    if (charged) {
      charged = false;
      budget.give(bytes);
    }
  }

  private void tell() {
    // A reader may leave while it is told.
    for (Runnable reader : List.copyOf(readers.keySet())) {
      reader.run();
    }
  }
}
