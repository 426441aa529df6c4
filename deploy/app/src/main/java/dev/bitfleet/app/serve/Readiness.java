package dev.bitfleet.app.serve;

import dev.bitfleet.proto.WorkerHeartbeat;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Judges, from heartbeats, whether a start has succeeded. Pure; a heartbeat older than one already
 * seen is ignored.
 */
final class Readiness {
  private final Set<String> expected;
  private final Map<String, WorkerHeartbeat> latest = new HashMap<>();

  /**
   * @param expected ids of the workers that were started
   */
  Readiness(Set<String> expected) {
    this.expected = Set.copyOf(expected);
  }

  /** What is known after this heartbeat. */
  Verdict hear(WorkerHeartbeat heartbeat) {
    if (expected.contains(heartbeat.workerId())) {
      latest.merge(
          heartbeat.workerId(),
          heartbeat,
          (before, now) -> now.number() > before.number() ? now : before);
    }
    for (WorkerHeartbeat each : new TreeMap<>(latest).values()) {
      if (each.state() == WorkerHeartbeat.State.FAILED) {
        return new Verdict.Failed(each);
      }
    }
    boolean all =
        latest.size() == expected.size()
            && latest.values().stream()
                .allMatch(each -> each.state() == WorkerHeartbeat.State.READY);
    return all
        ? new Verdict.Ready(java.util.List.copyOf(new TreeMap<>(latest).values()))
        : new Verdict.Waiting();
  }

  /** How the start stands. */
  sealed interface Verdict {
    /** Some have not been heard to be ready. */
    record Waiting() implements Verdict {}

    /** All are; their heartbeats by worker id. */
    record Ready(java.util.List<WorkerHeartbeat> workers) implements Verdict {}

    /** One gave up, and says why. */
    record Failed(WorkerHeartbeat worker) implements Verdict {}
  }
}
