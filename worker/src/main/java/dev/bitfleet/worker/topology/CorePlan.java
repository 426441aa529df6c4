package dev.bitfleet.worker.topology;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which processors each worker's engine is pinned to, and which the JVM keeps: a pure function of
 * the machine and the operator's wishes.
 *
 * <p>One engine reads the weights once for all its sequences, so engines are split by memory domain
 * and not per core. Matrix kernels fill a core by themselves, so one thread goes on each physical
 * core and its SMT sibling is left to the JVM. From {@value #CORES_WORTH_SHARING} cores on, the JVM
 * gets a core of its own; on a smaller box that would cost more than it saves, and it shares.
 *
 * @param workers one share per worker, in order; never empty
 * @param jvmCpus CPUs nobody's engine is pinned to; empty when the JVM shares the engines' own
 */
public record CorePlan(List<Share> workers, List<Integer> jvmCpus) {
  static final int CORES_WORTH_SHARING = 8;
  private static final int MAX_WORKERS = 256;

  /**
   * What one worker gets.
   *
   * @param cpus CPU numbers its engine is pinned to, ascending
   * @param threads threads its engine steps with
   * @param node NUMA node of the first CPU
   */
  public record Share(List<Integer> cpus, int threads, int node) {
    public Share {
      cpus = cpus.stream().sorted().toList();
    }
  }

  /**
   * What the operator asked for.
   *
   * @param workers how many; 0 = one per NUMA node
   * @param cpus CPU numbers to use; empty = all that are allowed
   * @param threads per worker; 0 = one per physical core
   */
  public record Wishes(int workers, List<Integer> cpus, int threads) {
    public static final Wishes NONE = new Wishes(0, List.of(), 0);

    public Wishes {
      cpus = List.copyOf(cpus);
    }
  }

  /** A plan, or everything that stands against one. */
  public sealed interface Outcome {
    /** The wishes can be met. */
    record Planned(CorePlan plan) implements Outcome {}

    /** They cannot: one sentence for each reason, naming the option at fault. */
    record Impossible(List<String> problems) implements Outcome {
      public Impossible {
        problems = List.copyOf(problems);
      }
    }
  }

  public CorePlan {
    workers = List.copyOf(workers);
    jvmCpus = jvmCpus.stream().sorted().toList();
  }

  /** The plan for that machine and those wishes. */
  public static Outcome plan(CpuTopology topology, Wishes wishes) {
    List<String> problems = problems(topology, wishes);
    if (!problems.isEmpty()) {
      return new Outcome.Impossible(problems);
    }
    boolean chosen = !wishes.cpus().isEmpty();
    List<Core> cores = chosen ? narrowed(topology, wishes.cpus()) : engineCores(topology);
    int workers =
        wishes.workers() > 0
            ? wishes.workers()
            : (int) cores.stream().mapToInt(Core::node).distinct().count();
    if (workers > cores.size()) {
      return new Outcome.Impossible(
          List.of(
              "workers: %d asked for, but there are only %d physical cores for them: %s"
                  .formatted(workers, cores.size(), CpuList.format(cpus(cores)))));
    }
    int spare = spareThreads(topology, cores.size());
    List<Share> shares = new ArrayList<>();
    for (List<Core> part : split(cores, workers)) {
      shares.add(share(part, wishes, chosen, Math.max(1, spare * part.size() / cores.size())));
    }
    SortedSet<Integer> left = topology.cpus();
    shares.forEach(share -> share.cpus().forEach(left::remove));
    return new Outcome.Planned(new CorePlan(shares, List.copyOf(left)));
  }

  private static List<String> problems(CpuTopology topology, Wishes wishes) {
    List<String> problems = new ArrayList<>();
    if (wishes.workers() < 0 || wishes.workers() > MAX_WORKERS) {
      problems.add("workers: %d is not within 0..%d".formatted(wishes.workers(), MAX_WORKERS));
    }
    if (wishes.threads() < 0) {
      problems.add("threads: %d is negative".formatted(wishes.threads()));
    }
    SortedSet<Integer> unusable = new TreeSet<>(wishes.cpus());
    unusable.removeAll(topology.cpus());
    if (!unusable.isEmpty()) {
      problems.add(
          "cores: %s cannot be used by this process, which may run on %s"
              .formatted(CpuList.format(unusable), CpuList.format(topology.cpus())));
    }
    Set<Integer> seen = new HashSet<>();
    wishes.cpus().stream()
        .filter(cpu -> !seen.add(cpu))
        .distinct()
        .forEach(cpu -> problems.add("cores: %d is named twice".formatted(cpu)));
    return problems;
  }

  /** Fast cores only, less the JVM's own where there are many. */
  private static List<Core> engineCores(CpuTopology topology) {
    int fastest = topology.cores().getFirst().capacity();
    // A slow core holds up every step that waits for it: better left to the JVM.
    List<Core> fast =
        topology.cores().stream().filter(core -> core.capacity() * 5 >= fastest * 4).toList();
    boolean slowOnesLeft = fast.size() < topology.cores().size();
    if (slowOnesLeft || fast.size() < CORES_WORTH_SHARING) {
      return fast;
    }
    // From the node that has most, so that the nodes stay even; its last core.
    SortedMap<Integer, List<Core>> byNode =
        new CpuTopology(fast, topology.quotaCpus(), topology.onlineCpus()).coresByNode();
    List<Core> largest =
        byNode.values().stream().max(Comparator.comparingInt(List::size)).orElseThrow();
    Core forJvm = largest.getLast();
    return fast.stream().filter(core -> !core.equals(forJvm)).toList();
  }

  private static List<Core> narrowed(CpuTopology topology, List<Integer> cpus) {
    return topology.cores().stream()
        .filter(core -> core.cpus().stream().anyMatch(cpus::contains))
        .map(
            core ->
                new Core(
                    core.cpus().stream().filter(cpus::contains).toList(),
                    core.node(),
                    core.capacity()))
        .toList();
  }

  /** A quota is time, not cores: more threads than it pays for would all be stopped at once. */
  private static int spareThreads(CpuTopology topology, int cores) {
    return Math.min(cores, topology.fullSpeedThreads());
  }

  private static Share share(List<Core> cores, Wishes wishes, boolean chosen, int threads) {
    // CPUs that were named are all used; else one for each core.
    List<Integer> cpus = chosen ? cpus(cores) : cores.stream().map(Core::firstCpu).toList();
    return new Share(
        cpus, wishes.threads() > 0 ? wishes.threads() : threads, cores.getFirst().node());
  }

  /** Node by node, so that a share crosses nodes only when the counts force it. */
  private static List<List<Core>> split(List<Core> cores, int workers) {
    List<Core> ordered =
        cores.stream()
            .sorted(Comparator.comparingInt(Core::node).thenComparingInt(Core::firstCpu))
            .toList();
    long nodes = ordered.stream().mapToInt(Core::node).distinct().count();
    if (nodes == workers) {
      return List.copyOf(
          new CpuTopology(ordered, java.util.OptionalDouble.empty(), ordered.size())
              .coresByNode()
              .values());
    }
    List<List<Core>> parts = new ArrayList<>();
    for (int worker = 0; worker < workers; worker++) {
      int from = (int) ((long) ordered.size() * worker / workers);
      int to = (int) ((long) ordered.size() * (worker + 1) / workers);
      parts.add(ordered.subList(from, to));
    }
    return parts;
  }

  private static List<Integer> cpus(List<Core> cores) {
    return cores.stream().flatMap(core -> core.cpus().stream()).sorted().toList();
  }
}
