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

  /** Whether it can serve as soon as it is asked: its engine starts then. */
  public boolean idle() {
    return heartbeat.state() == State.IDLE && heartbeat.model().isPresent();
  }

  /** Whether its engine starts, and has been ready before. */
  public boolean waking() {
    return heartbeat.state() == State.STARTING && heartbeat.model().isPresent();
  }

  /** Whether that is its model's own id. */
  public boolean serves(String model) {
    return heartbeat.model().map(m -> m.id().equals(model)).orElse(false);
  }

  /** Whether that is its model's id or one of its aliases. */
  public boolean answersTo(String model) {
    return heartbeat
        .model()
        .map(m -> m.id().equals(model) || m.aliases().contains(model))
        .orElse(false);
  }

  /** Sequences it is known or expected to have open. */
  public int outstanding() {
    return inFlight + foreign;
  }

  WorkerView withInFlight(int count) {
    return new WorkerView(heartbeat, heardNanos, count, foreign);
  }
}
