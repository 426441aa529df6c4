package dev.bitfleet.worker.time;

import io.vertx.core.Vertx;

/** Those of the event loop it is used on. */
public class VertxTimers implements Timers {
  private final Vertx vertx;

  public VertxTimers(Vertx vertx) {
    this.vertx = vertx;
  }

  @Override
  public long now() {
    return System.nanoTime();
  }

  @Override
  public long wallMillis() {
    return System.currentTimeMillis();
  }

  @Override
  public long after(long millis, Runnable action) {
    return vertx.setTimer(millis, ignored -> action.run());
  }

  @Override
  public long every(long millis, Runnable action) {
    return vertx.setPeriodic(millis, ignored -> action.run());
  }

  @Override
  public void cancel(long id) {
    vertx.cancelTimer(id);
  }
}
