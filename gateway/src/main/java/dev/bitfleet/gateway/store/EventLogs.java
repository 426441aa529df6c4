package dev.bitfleet.gateway.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Event logs: what was streamed to one client, kept so that it can be streamed to another. A log
 * that is being written stands in the maps in pieces, from a fifth of a second after the event; a
 * sealed one is a document, in the journal too. Numbers run from 0 without a gap.
 */
public final class EventLogs {
  private static final long FLUSH_MILLIS = 200;
  private static final long POLL_MILLIS = 100;

  /** A log is at most so many times a document: its text stands in it piece by piece. */
  private static final int DOCUMENTS = 8;

  /** Pieces of a log whose node has died are kept so long. */
  private static final Duration PIECE_TTL = Duration.ofHours(1);

  private final OffLoop offLoop;
  private final long limit;
  private final Map<String, EventLog> running = new ConcurrentHashMap<>();

  EventLogs(OffLoop offLoop, StoreOptions options) {
    this.offLoop = offLoop;
    this.limit = (long) DOCUMENTS * options.bytesPerDocument();
  }

  /** Begins the log of a response. */
  public EventLog open(String tenant, String responseId) {
    EventLog log = new EventLog(this, responseId, tenant, limit);
    running.put(responseId, log);
    return log;
  }

  void flushSoon(EventLog log) {
    offLoop.later(
        vault -> {
          Thread.sleep(FLUSH_MILLIS);
          flush(vault, log);
        });
  }

  private static void flush(Vault vault, EventLog log) {
    List<byte[]> fresh = log.unflushed();
    if (fresh.isEmpty()) {
      return;
    }
    byte[] piece = bytes(log.tenant(), fresh);
    vault
        .grid()
        .frames()
        .set(
            Grid.key(log.id(), log.nextPiece()),
            piece,
            PIECE_TTL.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private static byte[] bytes(String tenant, List<byte[]> frames) {
    return dev.bitfleet.proto.store.v1.EventLog.newBuilder()
        .setEvents(frames.size())
        .setFrames(ByteString.copyFrom(Deflated.of(EventLog.joined(frames))))
        .setTenant(tenant)
        .build()
        .toByteArray();
  }

  void abandon(EventLog log) {
    running.remove(log.id(), log);
    offLoop.later(
        vault -> {
          removePieces(vault, log);
        });
  }

  private static void removePieces(Vault vault, EventLog log) {
    log.unflushed();
    for (int piece = 0; piece < log.pieces(); piece++) {
      vault.grid().frames().delete(Grid.key(log.id(), piece));
    }
  }

  Part seal(String tenant, String responseId) {
    return new Part() {
      @Override
      public List<String> ids() {
        return List.of();
      }

      @Override
      public Runnable prepare(Vault vault, long now, List<Change> rows) {
        EventLog log = running.get(responseId);
        if (log == null || !log.tenant().equals(tenant)) {
          throw new IllegalStateException("no log is being written for this response");
        }
        Filed filed =
            new Filed(
                tenant,
                now,
                now,
                now + vault.options().ttl().toMillis(),
                false,
                bytes(tenant, log.all()));
        rows.add(new Change.Put(Shelf.EVENT_LOGS, responseId, 0, now, filed.toBytes()));
        return () -> {
          vault.grid().shelf(Shelf.EVENT_LOGS).set(responseId, filed);
          running.remove(responseId);
          removePieces(vault, log);
        };
      }
    };
  }

  /** What is there from that number on; 404 when there is no such log. */
  public Future<List<byte[]>> read(String tenant, String responseId, int from) {
    return offLoop.call(
        vault -> {
          Read read = read(vault, tenant, responseId);
          return List.copyOf(
              read.frames().subList(Math.min(from, read.frames().size()), read.frames().size()));
        });
  }

  private record Read(List<byte[]> frames, boolean sealed) {}

  private Read read(Vault vault, String tenant, String id) throws InvalidProtocolBufferException {
    Optional<Read> sealed = sealed(vault, tenant, id);
    if (sealed.isPresent()) {
      return sealed.get();
    }
    EventLog here = running.get(id);
    if (here != null && here.tenant().equals(tenant)) {
      return new Read(here.all(), false);
    }
    List<byte[]> frames = new ArrayList<>();
    byte[] piece;
    for (int i = 0; (piece = vault.grid().frames().get(Grid.key(id, i))) != null; i++) {
      var proto = dev.bitfleet.proto.store.v1.EventLog.parseFrom(piece);
      if (!proto.getTenant().equals(tenant)) {
        break;
      }
      frames.addAll(EventLog.split(Deflated.undone(proto.getFrames().toByteArray())));
    }
    // It may have been sealed, and its pieces removed, while they were being read.
    return sealed(vault, tenant, id)
        .orElseGet(
            () -> {
              if (frames.isEmpty()) {
                throw StoreErrors.notFound(Shelf.RESPONSES.thing(), id);
              }
              return new Read(frames, false);
            });
  }

  private static Optional<Read> sealed(Vault vault, String tenant, String id)
      throws InvalidProtocolBufferException {
    Filed filed = vault.grid().shelf(Shelf.EVENT_LOGS).get(id);
    if (filed == null
        || !filed.live(System.currentTimeMillis())
        || !filed.tenant().equals(tenant)) {
      return Optional.empty();
    }
    var proto = dev.bitfleet.proto.store.v1.EventLog.parseFrom(filed.body());
    return Optional.of(
        new Read(EventLog.split(Deflated.undone(proto.getFrames().toByteArray())), true));
  }

  /**
   * Gives what is there from that number on, then what comes, until the log is sealed or nothing
   * has come for {@link Leases#LIFE}, when its writer must be thought dead. 404 when there is no
   * such log.
   */
  public Future<Subscription> follow(
      String tenant, String responseId, int from, Follower follower) {
    Context context = Vertx.currentContext();
    if (context == null) {
      throw new IllegalStateException("an event log is followed from an event loop");
    }
    return offLoop.call(
        vault -> {
          read(vault, tenant, responseId);
          Subscription subscription = new Subscription();
          Thread.ofVirtual()
              .name("store-follow")
              .start(
                  () -> follow(vault, tenant, responseId, from, follower, subscription, context));
          return subscription;
        });
  }

  private void follow(
      Vault vault,
      String tenant,
      String id,
      int from,
      Follower follower,
      Subscription subscription,
      Context context) {
    int next = from;
    long heardNanos = System.nanoTime();
    try {
      while (subscription.goesOn()) {
        Read read = read(vault, tenant, id);
        if (read.frames().size() > next) {
          List<byte[]> fresh = List.copyOf(read.frames().subList(next, read.frames().size()));
          int first = next;
          next = read.frames().size();
          heardNanos = System.nanoTime();
          deliver(context, () -> follower.events(first, fresh));
        } else if (read.sealed()
            || System.nanoTime() - heardNanos > Leases.LIFE.toNanos() && !running.containsKey(id)) {
          break;
        } else {
          Thread.sleep(POLL_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (InvalidProtocolBufferException | RuntimeException e) {
      // Gone or unreadable: for its reader that is the end.
    }
    context.runOnContext(
        back -> {
          follower.ended();
        });
  }

  private static void deliver(Context context, Runnable call) throws InterruptedException {
    CountDownLatch delivered = new CountDownLatch(1);
    context.runOnContext(
        back -> {
          try {
            call.run();
          } finally {
            delivered.countDown();
          }
        });
    delivered.await();
  }
}
