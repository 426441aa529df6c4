package dev.bitfleet.worker.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ReadinessTest {
  private final Readiness readiness = new Readiness(Set.of("a", "b"), false);

  @Test
  void a_start_has_succeeded_when_every_worker_is_ready() {
    assertThat(hear("a", 1, State.STARTING)).isInstanceOf(Readiness.Verdict.Waiting.class);
    assertThat(hear("a", 2, State.READY)).isInstanceOf(Readiness.Verdict.Waiting.class);
    assertThat(hear("b", 1, State.READY))
        .isInstanceOfSatisfying(
            Readiness.Verdict.Ready.class,
            ready ->
                assertThat(ready.workers())
                    .extracting(WorkerHeartbeat::workerId)
                    .containsExactly("a", "b"));
  }

  @Test
  void one_that_gave_up_fails_the_start() {
    hear("a", 1, State.READY);
    assertThat(hear("b", 1, State.FAILED))
        .isInstanceOfSatisfying(
            Readiness.Verdict.Failed.class,
            failed -> assertThat(failed.worker().detail()).isEqualTo("detail of b"));
  }

  @Test
  void an_engine_that_dies_fails_a_start_that_has_one_life() {
    assertThat(hear("a", 1, State.RESTARTING)).isInstanceOf(Readiness.Verdict.Waiting.class);
    var beside = new Readiness(Set.of("a"), true);
    assertThat(beside.hear(beat("a", 1, State.RESTARTING)))
        .isInstanceOf(Readiness.Verdict.Failed.class);
  }

  @Test
  void a_late_older_heartbeat_changes_nothing() {
    hear("a", 5, State.READY);
    hear("a", 4, State.RESTARTING);
    assertThat(hear("b", 1, State.READY)).isInstanceOf(Readiness.Verdict.Ready.class);
  }

  @Test
  void workers_of_other_nodes_do_not_count() {
    hear("a", 1, State.READY);
    assertThat(hear("c", 1, State.FAILED)).isInstanceOf(Readiness.Verdict.Waiting.class);
  }

  private Readiness.Verdict hear(String worker, long number, State state) {
    return readiness.hear(beat(worker, number, state));
  }

  private static WorkerHeartbeat beat(String worker, long number, State state) {
    return new WorkerHeartbeat(
        worker,
        "node",
        number,
        ProtocolVersion.FLEET,
        state,
        Optional.empty(),
        4,
        0,
        "builtin",
        "1",
        "scalar",
        0,
        List.of(0),
        1,
        "detail of " + worker,
        PrefixSummary.NONE);
  }
}
