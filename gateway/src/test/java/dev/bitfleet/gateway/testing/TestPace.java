package dev.bitfleet.gateway.testing;

/** How a {@link TestWorker} speaks; set from a test's thread, read on the worker's. */
final class TestPace {
  /** Says nothing any more, heartbeats included. */
  volatile boolean silent;

  /** Takes opens, but sends no token. */
  volatile boolean paused;

  volatile int tokensPerTurn = 1;

  /** Between two turns. */
  volatile long pauseMillis;

  /** How many times as long each token's text is. */
  volatile int textRepeat = 1;

  /** Put before prompts that are scored; empty = nothing. */
  volatile String prefix = "";

  /** Tokens sent. Written on the worker's context alone. */
  volatile long sent;
}
