package dev.bitfleet.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LiveBudgetTest {
  private final LiveBudget budget = new LiveBudget(100);
  private final List<String> cut = new ArrayList<>();

  private LiveEvents readLog(String reader) {
    LiveEvents log = new LiveEvents(budget);
    log.tellOf(() -> {}, () -> cut.add(reader));
    return log;
  }

  @Test
  void a_log_that_has_ended_is_held_for_its_last_reader_only() {
    LiveEvents log = new LiveEvents(budget);
    Runnable reader = () -> {};
    log.tellOf(reader, () -> {});
    log.append(new byte[60]);
    log.end();
    assertThat(budget.held()).isEqualTo(60);
    log.forget(reader);
    assertThat(budget.held()).isZero();
    log.forget(reader);
    assertThat(budget.held()).isZero();
  }

  @Test
  void who_reads_what_has_ended_makes_room_for_what_is_being_written() {
    LiveEvents first = readLog("first");
    first.append(new byte[40]);
    LiveEvents second = readLog("second");
    second.append(new byte[40]);
    second.end();
    first.end();
    LiveEvents running = readLog("running");
    running.append(new byte[50]);
    assertThat(cut).containsExactly("second");
    assertThat(budget.exceeded()).isFalse();
    running.append(new byte[60]);
    assertThat(cut).containsExactly("second", "first");
    assertThat(budget.exceeded()).isTrue();
    running.end();
    running.letGo();
    assertThat(budget.held()).isZero();
  }
}
