package dev.bitfleet.worker.topology;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.topology.CorePlan.Outcome;
import dev.bitfleet.worker.topology.CorePlan.Share;
import dev.bitfleet.worker.topology.CorePlan.Wishes;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CorePlanTest {

  private static CorePlan planned(SystemFiles machine, Wishes wishes) {
    Outcome outcome = CorePlan.plan(CpuTopology.read(machine, 2), wishes);
    assertThat(outcome).isInstanceOf(Outcome.Planned.class);
    return ((Outcome.Planned) outcome).plan();
  }

  private static List<String> problems(SystemFiles machine, Wishes wishes) {
    Outcome outcome = CorePlan.plan(CpuTopology.read(machine, 2), wishes);
    assertThat(outcome).isInstanceOf(Outcome.Impossible.class);
    return ((Outcome.Impossible) outcome).problems();
  }

  @Test
  void a_small_box_gives_every_core_to_the_engine_and_its_siblings_to_the_jvm() {
    CorePlan plan =
        planned(new FakeMachine().online("0-3").core(0, 0, 2).core(0, 1, 3), Wishes.NONE);

    assertThat(plan.workers()).containsExactly(new Share(List.of(0, 1), 2, 0));
    assertThat(plan.jvmCpus()).containsExactly(2, 3);
  }

  @Test
  void a_large_box_keeps_a_core_for_the_jvm() {
    CorePlan plan = planned(FakeMachine.smtServer(), Wishes.NONE);

    assertThat(plan.workers()).containsExactly(new Share(List.of(0, 1, 2, 3, 4, 5, 6), 7, 0));
    assertThat(plan.jvmCpus()).contains(7, 15);
  }

  @Test
  void each_numa_node_gets_its_own_worker() {
    CorePlan plan = planned(FakeMachine.twoNodes(), Wishes.NONE);

    assertThat(plan.workers()).extracting(Share::node).containsExactly(0, 1);
    assertThat(plan.workers())
        .extracting(Share::cpus)
        .allSatisfy(cpus -> assertThat(cpus).hasSizeBetween(3, 4));
    assertThat(plan.workers().get(0).cpus()).allMatch(cpu -> cpu < 4);
    assertThat(plan.workers().get(1).cpus()).allMatch(cpu -> cpu >= 4 && cpu < 8);
  }

  @Test
  void slow_cores_are_left_to_the_jvm() {
    CorePlan plan = planned(FakeMachine.hybrid(), Wishes.NONE);

    assertThat(plan.workers()).containsExactly(new Share(List.of(0, 2), 2, 0));
    assertThat(plan.jvmCpus()).contains(4, 5, 6, 7);
  }

  @Test
  void a_quota_bounds_the_threads_but_not_the_cores() {
    CorePlan plan =
        planned(
            FakeMachine.smtServer()
                .file("/sys/fs/cgroup/cgroup.controllers", "cpu")
                .file("/sys/fs/cgroup/cpu.max", "200000 100000"),
            Wishes.NONE);

    assertThat(plan.workers().getFirst().threads()).isEqualTo(2);
  }

  @Test
  void named_cpus_are_all_used_and_threads_are_one_for_each_core() {
    CorePlan plan = planned(FakeMachine.smtServer(), new Wishes(1, List.of(0, 8, 1), 0));

    assertThat(plan.workers()).containsExactly(new Share(List.of(0, 1, 8), 2, 0));
  }

  @Test
  void threads_that_were_asked_for_are_given() {
    CorePlan plan = planned(FakeMachine.smtServer(), new Wishes(2, List.of(), 3));

    assertThat(plan.workers()).hasSize(2).extracting(Share::threads).containsOnly(3);
  }

  @Test
  void all_problems_are_told_at_once() {
    assertThat(problems(FakeMachine.smtServer(), new Wishes(-1, List.of(3, 77, 3), -2)))
        .containsExactly(
            "workers: -1 is not within 0..256",
            "threads: -2 is negative",
            "cores: 77 cannot be used by this process, which may run on 0-15",
            "cores: 3 is named twice");
  }

  @Test
  void more_workers_than_cores_is_a_problem() {
    assertThat(problems(FakeMachine.smtServer(), new Wishes(9, List.of(), 0)))
        .singleElement()
        .asString()
        .contains("only 7 physical cores");
  }

  @Test
  void no_cpu_is_given_twice_on_any_machine() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      int cores = 1 + random.nextInt(24);
      int threads = 1 + random.nextInt(2);
      int nodes = 1 + random.nextInt(Math.min(4, cores));
      FakeMachine machine =
          new FakeMachine()
              .online("0-" + (cores * threads - 1))
              .file("/sys/devices/system/node/online", "0-" + (nodes - 1));
      for (int core = 0; core < cores; core++) {
        int node = core * nodes / cores;
        if (threads == 1) {
          machine.core(node, core);
        } else {
          machine.core(node, core, core + cores);
        }
      }
      int workers = random.nextInt(cores / 2 + 1);
      Outcome outcome =
          CorePlan.plan(CpuTopology.read(machine, 1), new Wishes(workers, List.of(), 0));
      if (outcome instanceof Outcome.Planned(CorePlan plan)) {
        Set<Integer> seen = new HashSet<>(plan.jvmCpus());
        for (Share share : plan.workers()) {
          assertThat(share.cpus()).as("seed %d", seed).isNotEmpty();
          assertThat(share.threads()).isBetween(1, share.cpus().size());
          share.cpus().forEach(cpu -> assertThat(seen.add(cpu)).as("seed %d", seed).isTrue());
        }
        if (workers > 0) {
          assertThat(plan.workers()).hasSize(workers);
        }
      }
    }
  }
}
