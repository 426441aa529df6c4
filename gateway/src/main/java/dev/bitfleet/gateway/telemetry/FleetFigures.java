package dev.bitfleet.gateway.telemetry;

import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;

/**
 * The fleet in figures at one moment. A snapshot, so that a scrape on another thread never reads
 * the event loop's own structures.
 *
 * @param workers count in each state
 * @param slots of ready workers
 * @param busySlots sequences that ready workers have open
 * @param queueDepth completions that wait
 * @param streams streams this gateway has open
 */
public record FleetFigures(
    Map<State, Integer> workers, int slots, int busySlots, int queueDepth, int streams) {

  static final FleetFigures NONE = new FleetFigures(Map.of(), 0, 0, 0, 0);

  public static FleetFigures of(Collection<WorkerView> views, int queueDepth, int streams) {
    Map<State, Integer> workers = new EnumMap<>(State.class);
    int slots = 0;
    int busySlots = 0;
    for (WorkerView view : views) {
      workers.merge(view.heartbeat().state(), 1, Integer::sum);
      if (view.ready()) {
        slots += view.heartbeat().slots();
        busySlots += Math.min(view.outstanding(), view.heartbeat().slots());
      }
    }
    return new FleetFigures(workers, slots, busySlots, queueDepth, streams);
  }

  int workersIn(State state) {
    return workers.getOrDefault(state, 0);
  }
}
