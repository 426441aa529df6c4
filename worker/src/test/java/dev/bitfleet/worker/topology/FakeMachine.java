package dev.bitfleet.worker.topology;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A machine made of a few files. */
final class FakeMachine implements SystemFiles {
  private final Map<Path, String> files = new HashMap<>();

  FakeMachine file(String path, String text) {
    files.put(Path.of(path), text + "\n");
    return this;
  }

  /** Cores {@code first..last}, each with the CPUs the function names. */
  FakeMachine core(int node, int... cpus) {
    StringBuilder list = new StringBuilder();
    for (int cpu : cpus) {
      list.append(list.isEmpty() ? "" : ",").append(cpu);
    }
    for (int cpu : cpus) {
      file("/sys/devices/system/cpu/cpu" + cpu + "/topology/core_cpus_list", list.toString());
    }
    Path nodeList = Path.of("/sys/devices/system/node/node" + node + "/cpulist");
    files.merge(nodeList, list.toString(), (before, more) -> before.strip() + "," + more);
    return this;
  }

  FakeMachine online(String list) {
    return file("/sys/devices/system/cpu/online", list);
  }

  @Override
  public Optional<String> read(Path path) {
    return Optional.ofNullable(files.get(path));
  }

  /** 8 cores with two threads each: CPU n and n + 8. */
  static FakeMachine smtServer() {
    FakeMachine machine =
        new FakeMachine().online("0-15").file("/sys/devices/system/node/online", "0");
    for (int core = 0; core < 8; core++) {
      machine.core(0, core, core + 8);
    }
    return machine;
  }

  /** Two sockets of 4 cores with two threads each. */
  static FakeMachine twoNodes() {
    FakeMachine machine =
        new FakeMachine().online("0-15").file("/sys/devices/system/node/online", "0-1");
    for (int core = 0; core < 8; core++) {
      machine.core(core / 4, core, core + 8);
    }
    return machine;
  }

  /** Two fast cores with two threads each, four slow ones with one. */
  static FakeMachine hybrid() {
    FakeMachine machine =
        new FakeMachine().online("0-7").file("/sys/devices/system/node/online", "0");
    machine.core(0, 0, 1).core(0, 2, 3);
    for (int cpu = 4; cpu < 8; cpu++) {
      machine.core(0, cpu);
    }
    for (int cpu = 0; cpu < 8; cpu++) {
      machine.file(
          "/sys/devices/system/cpu/cpu" + cpu + "/cpufreq/cpuinfo_max_freq",
          cpu < 4 ? "5200000" : "3900000");
    }
    return machine;
  }
}
