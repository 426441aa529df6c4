package dev.bitfleet.worker.engine.llamaserver;

import java.util.Optional;

/**
 * Which of the server's slots a sequence takes. A slot keeps the KV cache of its last prompt, and
 * the server would reuse it for whoever comes next; how fast an answer comes would then tell one
 * tenant what another has asked. So a slot's cache is reused only within one cache scope. One
 * thread.
 */
final class ServerSlots {
  private final boolean[] taken;
  private final boolean[] used;
  private final long[] scope;
  private final long[] lastTaken;
  private long clock;

  /**
   * A slot of the server.
   *
   * @param reuse whether its cache holds nothing of another scope
   */
  record Choice(int slot, boolean reuse) {}

  ServerSlots(int slots) {
    taken = new boolean[slots];
    used = new boolean[slots];
    scope = new long[slots];
    lastTaken = new long[slots];
  }

  /** Takes the free slot that was last this scope's; else an unused one; else the longest idle. */
  Optional<Choice> take(long cacheScope) {
    int best = -1;
    for (int slot = 0; slot < taken.length; slot++) {
      if (!taken[slot] && (best < 0 || rank(slot, cacheScope) > rank(best, cacheScope))) {
        best = slot;
      }
    }
    if (best < 0) {
      return Optional.empty();
    }
    // An unused slot holds nothing of anybody's; and only a request that may reuse leaves a cache.
    boolean reuse = !used[best] || scope[best] == cacheScope;
    taken[best] = true;
    used[best] = true;
    scope[best] = cacheScope;
    lastTaken[best] = ++clock;
    return Optional.of(new Choice(best, reuse));
  }

  void release(int slot) {
    taken[slot] = false;
  }

  private long rank(int slot, long cacheScope) {
    if (used[slot] && scope[slot] == cacheScope) {
      return lastTaken[slot];
    }
    // Below every slot of the scope: unused ones first, then the longest idle.
    return used[slot] ? Long.MIN_VALUE + (clock - lastTaken[slot]) : -1;
  }
}
