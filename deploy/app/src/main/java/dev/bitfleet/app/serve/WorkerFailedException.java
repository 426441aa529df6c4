package dev.bitfleet.app.serve;

import dev.bitfleet.proto.WorkerHeartbeat;

/** A worker gave up before it was ready; the message is its own account. */
public final class WorkerFailedException extends Exception {
  private static final long serialVersionUID = 1;

  WorkerFailedException(WorkerHeartbeat worker) {
    super(worker.detail());
  }
}
