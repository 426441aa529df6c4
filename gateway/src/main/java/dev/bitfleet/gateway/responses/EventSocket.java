package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.http.Tended;
import io.vertx.core.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * One client that reads events. It is written to while its socket takes them; a client that takes
 * nothing for too long is cut. Event loop only.
 */
final class EventSocket implements Tended {
  /** Bytes that may wait in the socket's queue: what a slow reader costs. */
  private static final int QUEUE_BYTES = 16 << 10;

  private static final Buffer PING = Buffer.buffer(": ping\n\n");

  private final Exchange exchange;
  private final HttpLimits limits;
  private long lastWriteNanos = System.nanoTime();
  private @Nullable Long fullSinceNanos;

  private EventSocket(Exchange exchange, HttpLimits limits) {
    this.exchange = exchange;
    this.limits = limits;
  }

  /**
   * Begins the stream.
   *
   * @param drained called when the socket takes more again
   */
  static EventSocket begin(Exchange exchange, HttpLimits limits, Runnable drained) {
    EventSocket socket = new EventSocket(exchange, limits);
    exchange.beginEvents();
    exchange.response().setWriteQueueMaxSize(QUEUE_BYTES);
    exchange
        .response()
        .drainHandler(
            ready -> {
              socket.fullSinceNanos = null;
              drained.run();
            });
    exchange.tendedBy(socket);
    return socket;
  }

  boolean full() {
    return exchange.response().writeQueueFull();
  }

  /** Whether nobody is there any more, or all has been said. */
  boolean closed() {
    return exchange.settled() || exchange.answeredNanos() != 0;
  }

  void write(Buffer events) {
    if (!closed()) {
      exchange.response().write(events);
      lastWriteNanos = System.nanoTime();
    }
  }

  void end(Buffer last) {
    if (!closed()) {
      exchange.end(last);
    }
  }

  @Override
  public void tend(long now) {
    if (closed()) {
      return;
    }
    if (full()) {
      if (fullSinceNanos == null) {
        fullSinceNanos = now;
      } else if (now - fullSinceNanos > limits.clientTimeout().toNanos()) {
        exchange.metrics().stuckReader();
        exchange.cut();
      }
    } else if (now - lastWriteNanos > limits.pingInterval().toNanos()) {
      exchange.response().write(PING);
      lastWriteNanos = now;
    }
  }
}
