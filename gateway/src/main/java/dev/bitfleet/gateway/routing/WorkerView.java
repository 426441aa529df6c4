package dev.bitfleet.gateway.routing;

import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.proto.WorkerHeartbeat.State;

/**
 * A worker as this gateway sees it.
 *
 * @param heartbeat its latest
 * @param heardNanos when it came, on the gateway's monotonic clock
 * @param inFlight streams this gateway has open there now
 * @param foreign sequences that others had open there at the latest heartbeat
 */
public record WorkerView(WorkerHeartbeat heartbeat, long heardNanos, int inFlight, int foreign) {

  public String id() {
    return heartbeat.workerId();
  }

  public boolean ready() {
    return heartbeat.state() == State.READY && heartbeat.model().isPresent();
  }

  public boolean serves(String model) {
    return heartbeat.model().map(m -> m.id().equals(model)).orElse(false);
  }

  /** Sequences it is known or expected to have open. */
  public int outstanding() {
    return inFlight + foreign;
  }

  WorkerView withInFlight(int count) {
    return new WorkerView(heartbeat, heardNanos, count, foreign);
  }
}
