package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * Bytes that all requests together hold of what they have read from the store. How much a reading
 * brings is known only afterwards: room is taken for the most that it can be, and what was not
 * needed is given back. Who finds none waits a little, in the order they came. Event loop only.
 */
public final class ReadBudget {
  /** What text from the store takes while it is read, parsed and written. */
  private static final int COPIES = 3;

  /** For one document. */
  public static final long DOCUMENT = COPIES * (4L << 20);

  /** For a conversation with all its items, a page of documents, or a context. */
  public static final long CONVERSATION = COPIES * (8L << 20);

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Vertx vertx;
  private final long limit;
  private final Duration patience;
  private final Queue<Waiting> queue = new ArrayDeque<>();
  private long taken;

  /** A quarter of the memory there is. */
  public ReadBudget(Vertx vertx) {
    this(vertx, Math.max(2 * CONVERSATION, Runtime.getRuntime().maxMemory() / 4), PATIENCE);
  }

  ReadBudget(Vertx vertx, long limit, Duration patience) {
    this.vertx = vertx;
    this.limit = limit;
    this.patience = patience;
  }

  /** Room that is held until it is given back. */
  public final class Room {
    private long bytes;

    private Room(long bytes) {
      this.bytes = bytes;
    }

    /** So much is needed from now on. */
    public void keep(long needed) {
      long less = bytes - Math.min(bytes, needed);
      bytes -= less;
      taken -= less;
      admit();
    }

    /** Gives all of it back; again, nothing happens. */
    public void release() {
      keep(0);
    }
  }

  private record Waiting(long bytes, Promise<Room> promise) {}

  /** Room for so many bytes; fails with 503 when there is none in time. */
  public Future<Room> take(long most) {
    long bytes = Math.min(most, limit);
    if (queue.isEmpty() && taken + bytes <= limit) {
      taken += bytes;
      return Future.succeededFuture(new Room(bytes));
    }
    Waiting waiting = new Waiting(bytes, Promise.promise());
    queue.add(waiting);
    long timer =
        vertx.setTimer(
            patience.toMillis(),
            late -> {
              if (queue.remove(waiting)) {
                waiting.promise().fail(busy());
                // It may have been the first, and too large for what there is.
                admit();
              }
            });
    return waiting.promise().future().onComplete(done -> vertx.cancelTimer(timer));
  }

  private void admit() {
    while (!queue.isEmpty() && taken + queue.element().bytes() <= limit) {
      Waiting next = queue.remove();
      taken += next.bytes();
      next.promise().complete(new Room(next.bytes()));
    }
  }

  /**
   * Reads when there is room, which is held until the exchange is settled. A reading whose client
   * has left meanwhile never begins: it fails with the same 503, which nobody hears.
   *
   * @param kept bytes that the answer made of it has
   */
  public <T> Future<T> reading(
      Exchange exchange, long most, Supplier<Future<T>> reading, ToLongFunction<T> kept) {
    return take(most)
        .compose(
            room -> {
              if (exchange.settled()) {
                room.release();
                return Future.failedFuture(busy());
              }
              return reading
                  .get()
                  .onComplete(
                      done -> {
                        // Not before: what is being read takes its room even when nobody waits.
                        if (exchange.settled() || done.failed()) {
                          room.release();
                        } else {
                          room.keep(kept.applyAsLong(done.result()));
                          exchange.atEnd(room::release);
                        }
                      });
            });
  }

  /** The same for what is answered as it was read. */
  public Future<byte[]> reading(Exchange exchange, long most, Supplier<Future<byte[]>> reading) {
    return reading(exchange, most, reading, bytes -> bytes.length);
  }

  long taken() {
    return taken;
  }

  private static ApiException busy() {
    return new ApiException(
        ApiError.server(
            503,
            "storage_busy",
            "Too much is being read from the store at this moment. Please try again later.",
            Duration.ofSeconds(2)));
  }
}
