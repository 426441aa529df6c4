package dev.bitfleet.worker.host;

import dev.bitfleet.proto.WorkerHeartbeat;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Judges, from heartbeats, whether a start has succeeded. Pure; a heartbeat older than one already
 * seen is ignored.
 */
public final class Readiness {
  private final Set<String> expected;
  private final boolean oneLife;
  private final Map<String, WorkerHeartbeat> latest = new HashMap<>();

  /**
   * @param expected ids of the workers that were started
   * @param oneLife whether an engine that dies before it was ready fails the start: when something
   *     else serves meanwhile, a second try is for whoever asked
   */
  public Readiness(Set<String> expected, boolean oneLife) {
    this.expected = Set.copyOf(expected);
    this.oneLife = oneLife;
  }

  /** What is known after this heartbeat. */
  public Verdict hear(WorkerHeartbeat heartbeat) {
    if (expected.contains(heartbeat.workerId())) {
      latest.merge(
          heartbeat.workerId(),
          heartbeat,
          (before, now) -> now.number() > before.number() ? now : before);
    }
    for (WorkerHeartbeat each : new TreeMap<>(latest).values()) {
      boolean died = oneLife && each.state() == WorkerHeartbeat.State.RESTARTING;
      if (died || each.state() == WorkerHeartbeat.State.FAILED) {
        return new Verdict.Failed(each);
      }
    }
    boolean all =
        latest.size() == expected.size()
            && latest.values().stream()
                .allMatch(
                    each ->
                        each.state() == WorkerHeartbeat.State.READY
                            || each.state() == WorkerHeartbeat.State.PREPARED);
    return all
        ? new Verdict.Ready(java.util.List.copyOf(new TreeMap<>(latest).values()))
        : new Verdict.Waiting();
  }

  /** How the start stands. */
  public sealed interface Verdict {
    /** Some have not been heard to be ready. */
    record Waiting() implements Verdict {}

    /** All are; their heartbeats by worker id. */
    record Ready(java.util.List<WorkerHeartbeat> workers) implements Verdict {}

    /** One gave up, and says why. */
    record Failed(WorkerHeartbeat worker) implements Verdict {}
  }
}
