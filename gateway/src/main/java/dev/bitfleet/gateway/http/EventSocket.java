package dev.bitfleet.gateway.http;

import io.vertx.core.buffer.Buffer;
import org.jspecify.annotations.Nullable;

/**
 * One client that reads events. It is written to while its socket takes them; a client that takes
 * nothing for too long is cut. Event loop only.
 */
public final class EventSocket implements Tended {
  /**
   * Bytes that may wait in the socket's queue: some sixty tokens. It is what each of ten thousand
   * slow readers costs at most besides its text.
   */
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
  public static EventSocket begin(Exchange exchange, HttpLimits limits, Runnable drained) {
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

  /** Whether it takes nothing for now. */
  public boolean full() {
    return exchange.response().writeQueueFull();
  }

  /** Whether nobody is there any more, or all has been said. */
  public boolean closed() {
    return exchange.settled() || exchange.answeredNanos() != 0;
  }

  public void write(Buffer events) {
    if (!closed()) {
      exchange.response().write(events);
      lastWriteNanos = System.nanoTime();
    }
  }

  /** Writes the last events. */
  public void end(Buffer last) {
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
