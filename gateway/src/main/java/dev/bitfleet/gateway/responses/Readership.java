package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.responses.ResponseCall;

/**
 * Who reads a response at this node, and what becomes of it when nobody does: one that is kept goes
 * on for a while, so that its client can come back. Event loop only.
 */
final class Readership {
  private final ResponseRuns runs;
  private final ResponseCall call;
  private final Runnable drop;
  private final Runnable callOff;
  private int readers;
  private long timer = -1;
  private boolean over;

  /**
   * @param drop ends what nobody can come back for
   * @param callOff ends what nobody has come back for
   */
  Readership(ResponseRuns runs, ResponseCall call, Runnable drop, Runnable callOff) {
    this.runs = runs;
    this.call = call;
    this.drop = drop;
    this.callOff = callOff;
  }

  boolean any() {
    return readers > 0;
  }

  /** Somebody reads its events. */
  void came() {
    readers++;
    stopWaiting();
  }

  /** Somebody reads them at another node: the wait for a reader begins anew. */
  void elsewhere() {
    if (timer >= 0) {
      await();
    }
  }

  /** Somebody has left before the end. */
  void left() {
    readers--;
    if (readers > 0 || call.mode().background() || over) {
      return;
    }
    if (call.store()) {
      await();
    } else {
      drop.run();
    }
  }

  /** It ends, read or not. */
  void over() {
    over = true;
    stopWaiting();
  }

  private void await() {
    stopWaiting();
    timer = runs.afterGrace(callOff);
  }

  private void stopWaiting() {
    runs.cancelTimer(timer);
    timer = -1;
  }
}
