package dev.bitfleet.worker.topology;

import java.util.List;

/**
 * One physical core, as far as this process may use it.
 *
 * @param cpus its usable CPU numbers ascending, at least one; more than one with SMT
 * @param node NUMA node, 0 where the machine names none
 * @param capacity relative speed, 1024 the fastest of the machine; hybrid machines have slower ones
 */
public record Core(List<Integer> cpus, int node, int capacity) {
  public Core {
    cpus = cpus.stream().sorted().toList();
    if (cpus.isEmpty()) {
      throw new IllegalArgumentException("a core without a CPU");
    }
  }

  /** The CPU a lone thread on this core is pinned to. */
  public int firstCpu() {
    return cpus.getFirst();
  }
}
