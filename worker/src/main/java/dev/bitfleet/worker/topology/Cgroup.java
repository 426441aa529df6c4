package dev.bitfleet.worker.topology;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What this process's control group grants of the processors: version 2 when mounted, else 1.
 *
 * <p>A quota can sit on any group above ours, and the tightest holds; so every level is read.
 * Inside a container the path in {@code /proc/self/cgroup} may be the host's while the mount shows
 * only our own subtree, so the root of the mount is always looked at too.
 *
 * @param cpus effective cpuset, empty when none is told
 * @param quotaCpus CPU seconds per second, empty when there is no quota
 */
record Cgroup(SortedSet<Integer> cpus, OptionalDouble quotaCpus) {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final Path SELF = Path.of("/proc/self/cgroup");
  private static final int MAX_DEPTH = 32;

  static Cgroup of(SystemFiles files) {
    String self = files.read(SELF).orElse("");
    if (files.read(ROOT.resolve("cgroup.controllers")).isPresent()) {
      List<Path> levels = levels(ROOT, path(self, ""));
      return new Cgroup(
          firstSet(files, levels, "cpuset.cpus.effective"),
          tightest(
              levels.stream()
                  .map(level -> files.read(level.resolve("cpu.max")).flatMap(Cgroup::quotaV2))
                  .flatMap(Optional::stream)
                  .toList()));
    }
    List<Path> cpuset = levels(ROOT.resolve("cpuset"), path(self, "cpuset"));
    List<Path> cpu = levels(ROOT.resolve("cpu"), path(self, "cpu"));
    return new Cgroup(
        firstSet(files, cpuset, "cpuset.effective_cpus", "cpuset.cpus"),
        tightest(
            cpu.stream().map(level -> quotaV1(files, level)).flatMap(Optional::stream).toList()));
  }

  /** Our group first, then every one above it up to the root of the mount. */
  private static List<Path> levels(Path root, String group) {
    List<Path> levels = new ArrayList<>();
    Path level = root.resolve(group.substring(Math.min(1, group.length()))).normalize();
    while (level != null && level.startsWith(root) && levels.size() < MAX_DEPTH) {
      levels.add(level);
      level = level.getParent();
    }
    if (!levels.contains(root)) {
      levels.add(root);
    }
    return levels;
  }

  /** Lines are {@code id:controllers:path}; version 2 has no controllers. */
  private static String path(String self, String controller) {
    return self.lines()
        .map(line -> line.split(":", 3))
        .filter(parts -> parts.length == 3)
        .filter(parts -> List.of(parts[1].split(",")).contains(controller))
        .map(parts -> parts[2])
        .findFirst()
        .orElse("/");
  }

  private static SortedSet<Integer> firstSet(
      SystemFiles files, List<Path> levels, String... names) {
    for (Path level : levels) {
      for (String name : names) {
        Optional<SortedSet<Integer>> cpus = CpuTopology.cpuList(files, level.resolve(name));
        if (cpus.isPresent()) {
          return cpus.get();
        }
      }
    }
    return new TreeSet<>();
  }

  /** {@code cpu.max}: "max 100000" or "150000 100000", microseconds. */
  private static Optional<Double> quotaV2(String text) {
    String[] parts = text.strip().split("\\s+");
    return parts.length == 2 ? ratio(parts[0], parts[1]) : Optional.empty();
  }

  private static Optional<Double> quotaV1(SystemFiles files, Path level) {
    return files
        .read(level.resolve("cpu.cfs_quota_us"))
        .flatMap(
            quota ->
                files
                    .read(level.resolve("cpu.cfs_period_us"))
                    .flatMap(period -> ratio(quota.strip(), period.strip())));
  }

  private static Optional<Double> ratio(String quota, String period) {
    try {
      double cpus = (double) Long.parseLong(quota) / Long.parseLong(period);
      // −1 and "max" both mean none; a zero period divides to infinity or NaN.
      return cpus > 0 && Double.isFinite(cpus) ? Optional.of(cpus) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private static OptionalDouble tightest(List<Double> quotas) {
    return quotas.stream().mapToDouble(Double::doubleValue).min();
  }
}
