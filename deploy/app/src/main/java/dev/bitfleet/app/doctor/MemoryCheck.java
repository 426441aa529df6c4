package dev.bitfleet.app.doctor;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Memory, swap, huge pages. */
record MemoryCheck(Machine machine) implements Check {
  private static final long KIB = 1024;

  /** The JVM and the demo model together stay below this. */
  private static final long NEEDED_KIB = 300 * KIB;

  private static final Path HUGE = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");

  @Override
  public List<Finding> look() {
    String meminfo = machine.files().read(Path.of("/proc/meminfo")).orElse("");
    long total = kib(meminfo, "MemTotal");
    long available = kib(meminfo, "MemAvailable");
    long swapUsed = kib(meminfo, "SwapTotal") - kib(meminfo, "SwapFree");
    Optional<Long> group = groupLimit();
    var facts = new LinkedHashMap<String, Object>();
    facts.put("total_bytes", total * KIB);
    facts.put("available_bytes", available * KIB);
    facts.put("swap_used_bytes", swapUsed * KIB);
    group.ifPresent(bytes -> facts.put("control_group_limit_bytes", bytes));
    String summary =
        "%s of %s available%s%s"
            .formatted(
                gib(available * KIB),
                gib(total * KIB),
                group.map(bytes -> ", control group allows " + gib(bytes)).orElse(""),
                swapUsed > 0 ? ", " + gib(swapUsed * KIB) + " swapped out" : "");
    Finding memory =
        available < NEEDED_KIB
            ? Finding.warn(
                "memory",
                summary,
                "free some: weights that do not fit in memory are read from disk for every token",
                facts)
            : Finding.ok("memory", summary, facts);
    return List.of(memory, hugePages(meminfo));
  }

  private Finding hugePages(String meminfo) {
    String modes = machine.files().read(HUGE).map(String::strip).orElse("");
    String mode =
        modes.contains("[")
            ? modes.substring(modes.indexOf('[') + 1, modes.indexOf(']'))
            : "absent";
    long reserved = kib(meminfo, "HugePages_Total");
    Map<String, Object> facts =
        new LinkedHashMap<>(
            Map.of("transparent_huge_pages", mode, "reserved_huge_pages", reserved));
    String summary = "transparent huge pages: " + mode + ", reserved: " + reserved;
    return switch (mode) {
      case "always", "madvise" -> Finding.ok("hugepages", summary, facts);
      default ->
          Finding.warn(
              "hugepages",
              summary + "; weights in 4 KiB pages are read at half the speed",
              "echo madvise > " + HUGE,
              facts);
    };
  }

  private Optional<Long> groupLimit() {
    return machine
        .files()
        .read(Path.of("/sys/fs/cgroup/memory.max"))
        .or(() -> machine.files().read(Path.of("/sys/fs/cgroup/memory/memory.limit_in_bytes")))
        .map(String::strip)
        .filter(text -> text.matches("\\d{1,15}"))
        .map(Long::parseLong);
  }

  private static long kib(String meminfo, String key) {
    return meminfo
        .lines()
        .filter(line -> line.startsWith(key + ":"))
        .map(line -> line.replaceAll("\\D", ""))
        .filter(digits -> !digits.isEmpty())
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(0);
  }

  private static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
  }
}
