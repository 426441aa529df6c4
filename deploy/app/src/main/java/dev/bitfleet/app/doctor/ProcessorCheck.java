package dev.bitfleet.app.doctor;

import dev.bitfleet.worker.topology.CpuList;
import dev.bitfleet.worker.topology.CpuTopology;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** Cores that may be used, and what they can compute with. */
record ProcessorCheck(Machine machine) implements Check {
  /** What kernels for ternary weights are made of; names as /proc/cpuinfo has them. */
  private static final List<String> OF_INTEREST =
      List.of(
          "avx2",
          "fma",
          "f16c",
          "avx_vnni",
          "avx512f",
          "avx512bw",
          "avx512_vnni",
          "amx_int8",
          "asimd",
          "asimddp",
          "i8mm",
          "sve");

  @Override
  public List<Finding> look() {
    CpuTopology topology =
        CpuTopology.read(machine.files(), Runtime.getRuntime().availableProcessors());
    String cpuinfo = machine.files().read(Path.of("/proc/cpuinfo")).orElse("");
    List<Finding> findings = new ArrayList<>();
    findings.add(cores(topology, cpuinfo));
    topology
        .quotaCpus()
        .ifPresent(
            quota -> {
              if (quota < topology.cores().size()) {
                findings.add(
                    Finding.warn(
                        "cores",
                        String.format(
                            Locale.ROOT,
                            "the control group grants %.2f CPUs of time on %d cores: at the end of"
                                + " each period all threads of a step stop at once",
                            quota,
                            topology.cores().size()),
                        "limit which CPUs may be used (AllowedCPUs=, --cpuset-cpus), not how long",
                        java.util.Map.of("quota_cpus", quota)));
              }
            });
    findings.add(instructions(cpuinfo));
    return findings;
  }

  private static Finding cores(CpuTopology topology, String cpuinfo) {
    int nodes = topology.coresByNode().size();
    var facts = new LinkedHashMap<String, Object>();
    facts.put("model", value(cpuinfo, "model name"));
    facts.put("physical_cores", topology.cores().size());
    facts.put("cpus", topology.cpus().size());
    facts.put("online_cpus", topology.onlineCpus());
    facts.put("allowed", CpuList.format(topology.cpus()));
    facts.put("smt", topology.smt());
    facts.put("numa_nodes", nodes);
    topology.quotaCpus().ifPresent(quota -> facts.put("quota_cpus", quota));
    String model = value(cpuinfo, "model name");
    return Finding.ok(
        "cores",
        "%s%d physical cores usable (CPUs %s of %d online), %s, %d memory node%s"
            .formatted(
                model.isEmpty() ? "" : model + ": ",
                topology.cores().size(),
                CpuList.format(topology.cpus()),
                topology.onlineCpus(),
                topology.smt() ? "SMT on" : "no SMT",
                nodes,
                nodes == 1 ? "" : "s"),
        facts);
  }

  private static Finding instructions(String cpuinfo) {
    String line = value(cpuinfo, "flags");
    Set<String> flags =
        new TreeSet<>(
            List.of((line.isEmpty() ? value(cpuinfo, "Features") : line).split("\\s+", -1)));
    List<String> present = OF_INTEREST.stream().filter(flags::contains).toList();
    var facts = new LinkedHashMap<String, Object>();
    facts.put("instruction_sets", present);
    boolean vector = flags.contains("avx2") || flags.contains("asimd");
    String summary =
        present.isEmpty() ? "no vector instructions of use" : String.join(", ", present);
    return vector
        ? Finding.ok("instructions", summary, facts)
        : Finding.warn(
            "instructions",
            summary + ": without AVX2 the portable kernels compute, many times slower",
            "in a virtual machine, let it have the host's CPU model (qemu: -cpu host)",
            facts);
  }

  /** The value of the first line with that key. */
  private static String value(String cpuinfo, String key) {
    return cpuinfo
        .lines()
        .filter(line -> line.startsWith(key) && line.indexOf(':') > 0)
        .filter(line -> line.substring(0, line.indexOf(':')).strip().equals(key))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("");
  }
}
