package dev.bitfleet.gateway.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

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
  private int flushed;
  private int pieces;
  private boolean truncated;
  private boolean flushing;

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

  synchronized List<byte[]> all() {
    return List.copyOf(frames);
  }

  /** What has been added since the last call, for piece number {@link #pieces}. */
  synchronized List<byte[]> unflushed() {
    flushing = false;
    List<byte[]> fresh = List.copyOf(frames.subList(flushed, frames.size()));
    flushed = frames.size();
    return fresh;
  }

  synchronized int nextPiece() {
    return pieces++;
  }

  synchronized int pieces() {
    return pieces;
  }

  /** Frames one after the other, each after its length. */
  static byte[] joined(List<byte[]> frames) {
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

  static List<byte[]> split(byte[] joined) {
    ByteBuffer rest = ByteBuffer.wrap(joined);
    List<byte[]> frames = new ArrayList<>();
    while (rest.hasRemaining()) {
      byte[] frame = new byte[rest.getInt()];
      rest.get(frame);
      frames.add(frame);
    }
    return frames;
  }
}
