package dev.bitfleet.worker.topology;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The processors this process may use: physical cores with their SMT siblings and NUMA nodes, and
 * how much time on them a container grants.
 *
 * <p>Read from {@code /sys/devices/system/cpu}, narrowed by the affinity mask of this process (a
 * container's cpuset shows there too) and by the cgroup's effective cpuset. Anything missing has a
 * plain fallback, so that an odd machine gets a poorer plan and never a failure.
 *
 * @param cores usable cores: fastest first, then by node, then by CPU number
 * @param quotaCpus CPU seconds per second the cgroup grants, empty when it grants all
 * @param onlineCpus CPUs the machine has switched on, usable by us or not
 */
public record CpuTopology(List<Core> cores, OptionalDouble quotaCpus, int onlineCpus) {
  private static final Path CPU = Path.of("/sys/devices/system/cpu");
  private static final Path NODE = Path.of("/sys/devices/system/node");
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final int FULL_CAPACITY = 1024;

  public CpuTopology {
    cores = List.copyOf(cores);
    if (cores.isEmpty()) {
      throw new IllegalArgumentException("a machine without a core");
    }
  }

  /**
   * Reads the machine behind {@code files}.
   *
   * @param fallbackCpus how many CPUs to assume when nothing can be read, e.g. {@link
   *     Runtime#availableProcessors()}
   */
  public static CpuTopology read(SystemFiles files, int fallbackCpus) {
    Cgroup cgroup = Cgroup.of(files);
    SortedSet<Integer> online =
        cpuList(files, CPU.resolve("online")).orElseGet(() -> firstCpus(fallbackCpus));
    SortedSet<Integer> usable = new TreeSet<>(online);
    retainUnlessNoneLeft(usable, allowedByAffinity(files));
    retainUnlessNoneLeft(usable, cgroup.cpus());

    Map<Integer, Integer> nodeOfCpu = nodes(files);
    Map<SortedSet<Integer>, List<Integer>> cpusOfCore = new LinkedHashMap<>();
    for (int cpu : usable) {
      cpusOfCore.computeIfAbsent(siblings(files, cpu), key -> new ArrayList<>()).add(cpu);
    }
    Map<Integer, Long> speeds = speeds(files, usable);
    long fastest = speeds.values().stream().mapToLong(Long::longValue).max().orElse(1);
    List<Core> cores =
        cpusOfCore.values().stream()
            .map(
                cpus ->
                    new Core(
                        cpus,
                        nodeOfCpu.getOrDefault(cpus.getFirst(), 0),
                        (int)
                            (speeds.getOrDefault(cpus.getFirst(), fastest)
                                * FULL_CAPACITY
                                / fastest)))
            .sorted(
                Comparator.comparingInt((Core core) -> -speedClass(core))
                    .thenComparingInt(Core::node)
                    .thenComparingInt(Core::firstCpu))
            .toList();
    return new CpuTopology(cores, cgroup.quotaCpus(), online.size());
  }

  /** This machine, now. */
  public static CpuTopology ofThisMachine() {
    return read(SystemFiles.ofThisMachine(), Runtime.getRuntime().availableProcessors());
  }

  /** Usable CPU numbers, SMT siblings included. */
  public SortedSet<Integer> cpus() {
    return cores.stream()
        .flatMap(core -> core.cpus().stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Usable cores by NUMA node, ascending. */
  public SortedMap<Integer, List<Core>> coresByNode() {
    return cores.stream()
        .collect(Collectors.groupingBy(Core::node, TreeMap::new, Collectors.toList()));
  }

  /** Whether some core offers more than one usable CPU. */
  public boolean smt() {
    return cores.stream().anyMatch(core -> core.cpus().size() > 1);
  }

  /** Threads that can run at full speed at once: the cores, or fewer under a quota. At least 1. */
  public int fullSpeedThreads() {
    if (quotaCpus.isEmpty()) {
      return cores.size();
    }
    return Math.max(1, Math.min(cores.size(), (int) Math.floor(quotaCpus.getAsDouble())));
  }

  /** Of these CPUs, the first of each physical core: where one thread per core goes. */
  public List<Integer> oneCpuPerCore(Iterable<Integer> cpus) {
    SortedSet<Integer> wanted = new TreeSet<>();
    cpus.forEach(wanted::add);
    return cores.stream()
        .map(core -> core.cpus().stream().filter(wanted::contains).findFirst())
        .flatMap(Optional::stream)
        .sorted()
        .toList();
  }

  /** Cores within a fifth of the fastest count as fast: turbo bins are not a hybrid machine. */
  private static int speedClass(Core core) {
    return core.capacity() * 5 >= FULL_CAPACITY * 4 ? 1 : 0;
  }

  private static SortedSet<Integer> allowedByAffinity(SystemFiles files) {
    return files
        .read(STATUS)
        .flatMap(
            status ->
                status
                    .lines()
                    .filter(line -> line.startsWith("Cpus_allowed_list:"))
                    .findFirst()
                    .flatMap(line -> tryParse(line.substring(line.indexOf(':') + 1))))
        .orElseGet(TreeSet::new);
  }

  private static SortedSet<Integer> siblings(SystemFiles files, int cpu) {
    Path topology = CPU.resolve("cpu" + cpu).resolve("topology");
    // The kernel renamed the file in 5.4; some distributions still have only the old name.
    return cpuList(files, topology.resolve("core_cpus_list"))
        .or(() -> cpuList(files, topology.resolve("thread_siblings_list")))
        .filter(set -> set.contains(cpu))
        .orElseGet(() -> new TreeSet<>(List.of(cpu)));
  }

  private static Map<Integer, Integer> nodes(SystemFiles files) {
    Map<Integer, Integer> nodeOfCpu = new TreeMap<>();
    for (int node : cpuList(files, NODE.resolve("online")).orElseGet(TreeSet::new)) {
      cpuList(files, NODE.resolve("node" + node).resolve("cpulist"))
          .ifPresent(cpus -> cpus.forEach(cpu -> nodeOfCpu.put(cpu, node)));
    }
    return nodeOfCpu;
  }

  /** cpu_capacity (ARM) or the highest frequency in kHz (x86): either only compares cores. */
  private static Map<Integer, Long> speeds(SystemFiles files, SortedSet<Integer> cpus) {
    for (String file : List.of("cpu_capacity", "cpufreq/cpuinfo_max_freq")) {
      Map<Integer, Long> speeds = new TreeMap<>();
      for (int cpu : cpus) {
        files
            .read(CPU.resolve("cpu" + cpu).resolve(file))
            .flatMap(CpuTopology::positive)
            .ifPresent(speed -> speeds.put(cpu, speed));
      }
      if (speeds.size() == cpus.size()) {
        return speeds;
      }
    }
    return Map.of();
  }

  private static Optional<Long> positive(String text) {
    try {
      long value = Long.parseLong(text.strip());
      return value > 0 ? Optional.of(value) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static void retainUnlessNoneLeft(SortedSet<Integer> cpus, SortedSet<Integer> allowed) {
    if (allowed.stream().anyMatch(cpus::contains)) {
      cpus.retainAll(allowed);
    }
  }

  static Optional<SortedSet<Integer>> cpuList(SystemFiles files, Path path) {
    return files.read(path).flatMap(CpuTopology::tryParse).filter(set -> !set.isEmpty());
  }

  private static Optional<SortedSet<Integer>> tryParse(String list) {
    try {
      return Optional.of(CpuList.parse(list));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static SortedSet<Integer> firstCpus(int count) {
    SortedSet<Integer> cpus = new TreeSet<>();
    for (int cpu = 0; cpu < Math.max(1, count); cpu++) {
      cpus.add(cpu);
    }
    return cpus;
  }
}
