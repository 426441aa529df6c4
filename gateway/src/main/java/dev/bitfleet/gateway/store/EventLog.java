package dev.bitfleet.gateway.store;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The events of an answer while it is being made. One writer; what is written becomes readable from
 * other nodes moments later. Ended by {@link Commit#seal} or {@link #abandon}.
 */
public final class EventLog {
  private final EventLogs logs;
  private final String id;
  private final String tenant;
  private final long limit;
  private final List<byte[]> frames = new ArrayList<>();
  private long bytes;
  private boolean truncated;
  private boolean flushing;

  /** Held while the maps are changed: pieces come one after the other, and none after the end. */
  private final ReentrantLock maps = new ReentrantLock();

  private int flushed;
  private byte[] chain = EventChain.START;
  private int pieces;
  private boolean ended;

  EventLog(EventLogs logs, String id, String tenant, long limit) {
    this.logs = logs;
    this.id = id;
    this.tenant = tenant;
    this.limit = limit;
  }

  /** Adds the next event; not to be changed any more. False when the log is full, and it is not. */
  public boolean append(byte[] event) {
    synchronized (this) {
      if (truncated || bytes + event.length > limit) {
        truncated = true;
        return false;
      }
      frames.add(event);
      bytes += event.length;
      if (flushing) {
        return true;
      }
      flushing = true;
    }
    logs.flushSoon(this);
    return true;
  }

  /** How many it has. */
  public synchronized int size() {
    return frames.size();
  }

  /** Gives it up: nobody will find it. */
  public void abandon() {
    logs.abandon(this);
  }

  String id() {
    return id;
  }

  String tenant() {
    return tenant;
  }

  /** All from that number on, up to about so many bytes. */
  synchronized List<byte[]> from(int number, int mostBytes) {
    int to = Frames.end(frames, Math.min(number, frames.size()), mostBytes);
    return List.copyOf(frames.subList(Math.min(number, to), to));
  }

  synchronized List<byte[]> all() {
    return List.copyOf(frames);
  }

  /** The digest of the events before that number, or of all there are. */
  byte[] chain(int number) {
    List<byte[]> before;
    synchronized (this) {
      before = List.copyOf(frames.subList(0, Math.min(number, frames.size())));
    }
    return EventChain.after(EventChain.START, before);
  }

  /** Where pieces go. */
  interface Pieces {
    /**
     * @param first the number of its first event
     * @param before {@linkplain EventChain digest} of the events before that
     */
    void set(int piece, int first, byte[] before, List<byte[]> frames);
  }

  /**
   * Brings out what has been added, in pieces. What could not be brought out is tried again with
   * the next event. Blocks.
   */
  void flush(Pieces to) {
    maps.lock();
    try {
      while (!ended) {
        List<byte[]> fresh;
        synchronized (this) {
          flushing = false;
          fresh = List.copyOf(frames.subList(flushed, Frames.end(frames, flushed, Frames.PIECE)));
        }
        if (fresh.isEmpty()) {
          return;
        }
        to.set(pieces, flushed, chain, fresh);
        pieces++;
        chain = EventChain.after(chain, fresh);
        flushed += fresh.size();
      }
    } finally {
      maps.unlock();
    }
  }

  /** Something to be done with a piece. */
  interface Each {
    void piece(int number);
  }

  /** Does it with each piece that is out, unless it has ended, which waits for it. Blocks. */
  void eachPiece(Each each) {
    maps.lock();
    try {
      for (int piece = 0; piece < pieces && !ended; piece++) {
        each.piece(piece);
      }
    } finally {
      maps.unlock();
    }
  }

  /** No piece is brought out from now on; does it with each that is. Blocks. */
  void end(Each removing) {
    maps.lock();
    try {
      ended = true;
      for (int piece = 0; piece < pieces; piece++) {
        removing.piece(piece);
      }
    } finally {
      maps.unlock();
    }
  }
}
