package dev.bitfleet.worker.topology;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class CpuTopologyTest {

  @Test
  void smt_siblings_are_one_core() {
    CpuTopology topology = CpuTopology.read(FakeMachine.smtServer(), 1);

    assertThat(topology.cores()).hasSize(8);
    assertThat(topology.cores().getFirst().cpus()).containsExactly(0, 8);
    assertThat(topology.smt()).isTrue();
    assertThat(topology.fullSpeedThreads()).isEqualTo(8);
    assertThat(topology.oneCpuPerCore(List.of(0, 8, 9))).containsExactly(0, 9);
  }

  @Test
  void nodes_are_told_apart() {
    CpuTopology topology = CpuTopology.read(FakeMachine.twoNodes(), 1);

    assertThat(topology.coresByNode().keySet()).containsExactly(0, 1);
    assertThat(topology.cores().get(4)).isEqualTo(new Core(List.of(4, 12), 1, 1024));
  }

  @Test
  void slow_cores_of_a_hybrid_machine_come_last() {
    CpuTopology topology = CpuTopology.read(FakeMachine.hybrid(), 1);

    assertThat(topology.cores()).hasSize(6);
    assertThat(topology.cores().get(0).capacity()).isEqualTo(1024);
    assertThat(topology.cores().get(2).capacity()).isEqualTo(768);
  }

  @Test
  void the_affinity_mask_narrows_the_machine_and_splits_cores() {
    CpuTopology topology =
        CpuTopology.read(
            FakeMachine.smtServer()
                .file("/proc/self/status", "Name:\tjava\nCpus_allowed_list:\t0-1,8"),
            1);

    assertThat(topology.cpus()).containsExactly(0, 1, 8);
    assertThat(topology.cores()).extracting(Core::cpus).containsExactly(List.of(0, 8), List.of(1));
    assertThat(topology.onlineCpus()).isEqualTo(16);
  }

  @Test
  void a_container_of_version_2_is_narrowed_by_its_cpuset_and_quota() {
    CpuTopology topology =
        CpuTopology.read(
            FakeMachine.smtServer()
                .file("/proc/self/cgroup", "0::/kubepods/pod1")
                .file("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory")
                .file("/sys/fs/cgroup/kubepods/pod1/cpuset.cpus.effective", "2-5")
                .file("/sys/fs/cgroup/kubepods/pod1/cpu.max", "max 100000")
                .file("/sys/fs/cgroup/kubepods/cpu.max", "250000 100000"),
            1);

    assertThat(topology.cpus()).containsExactly(2, 3, 4, 5);
    assertThat(topology.quotaCpus()).isEqualTo(OptionalDouble.of(2.5));
    assertThat(topology.fullSpeedThreads()).isEqualTo(2);
  }

  @Test
  void a_container_of_version_1_is_narrowed_too() {
    CpuTopology topology =
        CpuTopology.read(
            FakeMachine.smtServer()
                .file("/proc/self/cgroup", "5:cpuset:/docker/a\n4:cpu,cpuacct:/docker/a")
                .file("/sys/fs/cgroup/cpuset/docker/a/cpuset.cpus", "0-3")
                .file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000")
                .file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"),
            1);

    assertThat(topology.cpus()).containsExactly(0, 1, 2, 3);
    assertThat(topology.quotaCpus()).isEqualTo(OptionalDouble.of(0.5));
    assertThat(topology.fullSpeedThreads()).isEqualTo(1);
  }

  @Test
  void no_quota_is_not_a_quota() {
    CpuTopology topology =
        CpuTopology.read(
            FakeMachine.smtServer()
                .file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1")
                .file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"),
            1);

    assertThat(topology.quotaCpus()).isEmpty();
  }

  @Test
  void a_group_path_that_climbs_out_of_the_mount_is_not_followed() {
    CpuTopology topology =
        CpuTopology.read(
            FakeMachine.smtServer()
                .file("/proc/self/cgroup", "0::/../../../etc")
                .file("/sys/fs/cgroup/cgroup.controllers", "cpu")
                .file("/etc/cpu.max", "100000 100000"),
            1);

    assertThat(topology.quotaCpus()).isEmpty();
  }

  @Test
  void a_machine_that_tells_nothing_gets_a_plain_answer() {
    CpuTopology topology = CpuTopology.read(path -> Optional.empty(), 3);

    assertThat(topology.cores()).hasSize(3);
    assertThat(topology.smt()).isFalse();
    assertThat(topology.quotaCpus()).isEmpty();
    assertThat(topology.coresByNode()).hasSize(1);
  }

  @Test
  void nonsense_in_the_files_is_as_good_as_none() {
    CpuTopology topology =
        CpuTopology.read(
            new FakeMachine()
                .online("zero to nine")
                .file("/proc/self/status", "Cpus_allowed_list:\tffff")
                .file("/sys/fs/cgroup/cgroup.controllers", "cpu")
                .file("/sys/fs/cgroup/cpu.max", "much often"),
            2);

    assertThat(topology.cpus()).containsExactly(0, 1);
    assertThat(topology.quotaCpus()).isEmpty();
  }

  @Test
  void this_very_machine_can_be_read() {
    assertThat(CpuTopology.ofThisMachine().cpus()).isNotEmpty();
  }
}
