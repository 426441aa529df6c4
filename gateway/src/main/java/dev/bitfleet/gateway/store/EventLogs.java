package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.map.IMap;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Event logs: what was streamed to one client, kept so that it can be streamed to another. A log
 * that is being written stands in the maps in pieces, from a fifth of a second after the event; a
 * sealed one is a document, in the journal too. Numbers run from 0 without a gap. Whoever takes up
 * a response begins its log anew; who reads on is given the rest if it begins alike, and told else.
 */
public final class EventLogs {
  private static final long FLUSH_MILLIS = 200;
  private static final long POLL_MILLIS = 100;

  /** A log is at most so many times a document: its text stands in it piece by piece. */
  private static final int DOCUMENTS = 8;

  /** Pieces of a log whose node has died are kept so long; those of others are renewed. */
  private static final Duration PIECE_LIFE = Duration.ofHours(1);

  private final OffLoop offLoop;
  private final long limit;
  private final Duration pieceLife;
  private final Map<String, EventLog> running = new ConcurrentHashMap<>();
  private final AtomicBoolean renewing = new AtomicBoolean();

  EventLogs(OffLoop offLoop, StoreOptions options) {
    this(offLoop, options, PIECE_LIFE);
  }

  EventLogs(OffLoop offLoop, StoreOptions options, Duration pieceLife) {
    this.offLoop = offLoop;
    this.limit = (long) DOCUMENTS * options.bytesPerDocument();
    this.pieceLife = pieceLife;
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
          log.flush(
              (piece, first, before, frames) -> {
                if (piece == 0) {
                  clear(vault, log);
                }
                put(vault, log, piece, Frames.piece(log.tenant(), first, before, frames));
              });
          if (renewing.compareAndSet(false, true)) {
            renew(vault);
          }
        });
  }

  /** Keeps the pieces of what is being written, which may take longer than they live. */
  private void renew(Vault vault) throws InterruptedException {
    try {
      while (!running.isEmpty()) {
        Thread.sleep(pieceLife.dividedBy(4));
        for (EventLog log : running.values()) {
          log.eachPiece(piece -> renew(vault, log, piece));
        }
      }
    } finally {
      renewing.set(false);
    }
  }

  /** A node that died with the log may have left pieces, which end elsewhere. */
  private static void clear(Vault vault, EventLog log) {
    IMap<String, byte[]> frames = vault.grid().frames();
    int pieces = 0;
    while (frames.containsKey(Grid.key(log.id(), pieces))) {
      pieces++;
    }
    // From the end: who dies here leaves a beginning, which is found.
    while (pieces > 0) {
      frames.delete(Grid.key(log.id(), --pieces));
    }
  }

  private void put(Vault vault, EventLog log, int piece, byte[] bytes) {
    vault
        .grid()
        .frames()
        .set(Grid.key(log.id(), piece), bytes, pieceLife.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void renew(Vault vault, EventLog log, int piece) {
    // Not setTtl: Hazelcast 5.7 looks for keys with a partition of their own in another one.
    byte[] bytes = vault.grid().frames().get(Grid.key(log.id(), piece));
    if (bytes != null) {
      put(vault, log, piece, bytes);
    }
  }

  void abandon(EventLog log) {
    running.remove(log.id(), log);
    offLoop.later(
        vault -> {
          removePieces(vault, log);
        });
  }

  private static void removePieces(Vault vault, EventLog log) {
    log.end(piece -> vault.grid().frames().delete(Grid.key(log.id(), piece)));
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
                Frames.whole(tenant, log.all()));
        rows.add(new Change.Put(Shelf.EVENT_LOGS, responseId, 0, now, filed.toBytes()));
        return () -> {
          Union.join(vault.grid().shelf(Shelf.EVENT_LOGS), responseId, filed, Union::of);
          running.remove(responseId, log);
          removePieces(vault, log);
        };
      }
    };
  }

  /** What is there from that number on; 404 when there is no such log. */
  public Future<List<byte[]>> read(String tenant, String responseId, int from) {
    return offLoop.call(
        vault -> {
          EventLogReader reader = new EventLogReader(vault, running, tenant, responseId);
          List<byte[]> all = new ArrayList<>();
          while (true) {
            EventLogReader.Some some = reader.next(from + all.size());
            all.addAll(some.frames());
            if (some.last() || some.frames().isEmpty()) {
              return all;
            }
          }
        });
  }

  /**
   * Gives what is there from that number on, then what comes, until the log is sealed; or until it
   * is lost: deleted, or nothing has come for {@link Leases#LIFE}, when its writer must be thought
   * dead; or it is changed: another writer has begun it anew and says something else. 404 when
   * there is no such log. Nothing is given before the subscription is; while it is paused, nothing
   * is held.
   */
  public Future<Subscription> follow(
      String tenant, String responseId, int from, Follower follower) {
    Context context = Vertx.currentContext();
    if (context == null) {
      throw new IllegalStateException("an event log is followed from an event loop");
    }
    return offLoop
        .call(
            vault -> {
              try {
                new EventLogReader(vault, running, tenant, responseId).next(from);
              } catch (EventLogReader.Changed e) {
                // It is there; its follower will be told.
              }
              return new EventLogReader(vault, running, tenant, responseId);
            })
        .map(
            reader -> {
              Subscription subscription = new Subscription();
              Thread.ofVirtual()
                  .name("store-follow")
                  .start(() -> follow(reader, responseId, from, follower, subscription, context));
              return subscription;
            });
  }

  private void follow(
      EventLogReader reader,
      String id,
      int from,
      Follower follower,
      Subscription subscription,
      Context context) {
    int next = from;
    long heardNanos = System.nanoTime();
    Runnable end = follower::ended;
    try {
      while (true) {
        if (subscription.rests()) {
          reader.rest();
        }
        if (!subscription.goesOn()) {
          break;
        }
        EventLogReader.Some some = reader.next(next);
        if (!some.frames().isEmpty()) {
          int first = next;
          next += some.frames().size();
          heardNanos = System.nanoTime();
          deliver(context, () -> follower.events(first, some.frames()));
        }
        if (some.last()) {
          break;
        }
        if (System.nanoTime() - heardNanos > Leases.LIFE.toNanos() && !running.containsKey(id)) {
          end = follower::lost;
          break;
        }
        if (some.frames().isEmpty()) {
          Thread.sleep(POLL_MILLIS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (EventLogReader.Changed e) {
      end = follower::changed;
    } catch (InvalidProtocolBufferException | RuntimeException e) {
      // Gone or unreadable: its reader must not take what it has for the whole.
      end = follower::lost;
    }
    Runnable told = end;
    context.runOnContext(back -> told.run());
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
