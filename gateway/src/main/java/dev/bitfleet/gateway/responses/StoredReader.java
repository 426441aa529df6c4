package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.responses.ResponseWriter;
import dev.bitfleet.gateway.http.EventSocket;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.store.Follower;
import dev.bitfleet.gateway.store.Subscription;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a kept log to one client, and pauses it while that one takes nothing. Event loop only. */
final class StoredReader implements Follower {
  private final Exchange exchange;
  private final HttpLimits limits;
  private @Nullable EventSocket socket;
  private @Nullable Subscription subscription;
  private boolean ended;
  private int next;

  StoredReader(Exchange exchange, HttpLimits limits, int from) {
    this.exchange = exchange;
    this.limits = limits;
    this.next = from;
  }

  /** What brings the events; they may have begun to come. */
  void fedBy(Subscription feeding) {
    subscription = feeding;
    if (exchange.settled() || ended) {
      feeding.stop();
      return;
    }
    exchange.whenGone(feeding::stop);
    EventSocket begun = socket();
    if (begun.full()) {
      feeding.pause();
    }
  }

  private EventSocket socket() {
    EventSocket begun = socket;
    if (begun == null) {
      begun = EventSocket.begin(exchange, limits, this::drained);
      socket = begun;
    }
    return begun;
  }

  private void drained() {
    if (subscription != null) {
      subscription.resume();
    }
  }

  @Override
  public void events(int first, List<byte[]> events) {
    if (exchange.settled()) {
      return;
    }
    next = first + events.size();
    Buffer joined = Buffer.buffer();
    events.forEach(joined::appendBytes);
    EventSocket to = socket();
    to.write(joined);
    if (to.full() && subscription != null) {
      subscription.pause();
    }
  }

  @Override
  public void ended() {
    end(Buffer.buffer());
  }

  @Override
  public void lost() {
    end(Buffer.buffer(ResponseWriter.error(ResponseRun.GONE, next)));
  }

  @Override
  public void changed() {
    end(Buffer.buffer(LiveReader.changed(next)));
  }

  private void end(Buffer last) {
    ended = true;
    if (!exchange.settled()) {
      socket().end(last);
    }
  }
}
