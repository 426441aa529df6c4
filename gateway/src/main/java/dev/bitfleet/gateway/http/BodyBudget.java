package dev.bitfleet.gateway.http;

/**
 * Bytes of body that all requests in flight hold together. Counted as they arrive, so that nobody
 * reserves what he never sends. Event loop only.
 */
final class BodyBudget {
  private final long limit;
  private long taken;

  BodyBudget(long limit) {
    this.limit = limit;
  }

  boolean take(long bytes) {
    if (taken + bytes > limit) {
      return false;
    }
    taken += bytes;
    return true;
  }

  void give(long bytes) {
    taken -= bytes;
  }

  long taken() {
    return taken;
  }
}
