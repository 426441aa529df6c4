package dev.bitfleet.gateway.http;

import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Bounds connections in number, and in the time they may be open without a request whose head is
 * whole. That time is what slow-header attacks need, and it is all that a kept connection gets
 * between two requests: from outside the decoder the two look the same. Event loop only.
 */
final class Connections {
  private static final class Use {
    int requests;
    long idleSinceNanos;

    Use(long now) {
      idleSinceNanos = now;
    }
  }

  private final int limit;
  private final Duration idleTimeout;
  private final Map<HttpConnection, Use> uses = new IdentityHashMap<>();

  Connections(int limit, Duration idleTimeout) {
    this.limit = limit;
    this.idleTimeout = idleTimeout;
  }

  void opened(HttpConnection connection, long now) {
    if (uses.size() >= limit) {
      connection.close();
      return;
    }
    uses.put(connection, new Use(now));
    connection.closeHandler(closed -> uses.remove(connection));
  }

  void requestBegan(HttpConnection connection) {
    Use use = uses.get(connection);
    if (use != null) {
      use.requests++;
    }
  }

  void requestEnded(HttpConnection connection, long now) {
    Use use = uses.get(connection);
    if (use != null) {
      use.requests--;
      use.idleSinceNanos = now;
    }
  }

  /** Closes those that have been without a request too long. */
  void sweep(long now) {
    List<HttpConnection> idle = new ArrayList<>();
    uses.forEach(
        (connection, use) -> {
          if (use.requests == 0 && now - use.idleSinceNanos > idleTimeout.toNanos()) {
            idle.add(connection);
          }
        });
    idle.forEach(HttpConnection::close);
  }

  int size() {
    return uses.size();
  }
}
