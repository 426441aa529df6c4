package dev.bitfleet.app.doctor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/** What the kernel lets this process have. */
record LimitsCheck(Machine machine) implements Check {
  /** Every stream is a socket, and a fleet's worth of them is thousands. */
  private static final long FILES_WANTED = 4096;

  /** The JVM and a few engines. */
  private static final long FILES_NEEDED = 256;

  @Override
  public List<Finding> look() {
    String limits = machine.files().read(Path.of("/proc/self/limits")).orElse("");
    var facts = new LinkedHashMap<String, Object>();
    var text = new ArrayList<String>();
    for (String name : List.of("Max open files", "Max processes", "Max locked memory")) {
      soft(limits, name)
          .ifPresent(
              value -> {
                facts.put(name.substring(4).replace(' ', '_'), value);
                text.add(name.substring(4) + " " + value);
              });
    }
    String summary = String.join(", ", text);
    long files = soft(limits, "Max open files").map(LimitsCheck::number).orElse(Long.MAX_VALUE);
    String remedy = "ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit";
    if (files < FILES_NEEDED) {
      return List.of(Finding.blocks("limits", summary, remedy, facts));
    }
    if (files < FILES_WANTED) {
      // The JVM raises the soft limit to the hard one by itself; this is for tight hard limits.
      return List.of(Finding.warn("limits", summary, remedy, facts));
    }
    return List.of(Finding.ok("limits", summary, facts));
  }

  /** Lines are: name, soft, hard, unit, in columns. */
  private static Optional<String> soft(String limits, String name) {
    return limits
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip().split("\\s+", -1)[0])
        .findFirst();
  }

  private static long number(String value) {
    return value.matches("\\d{1,18}") ? Long.parseLong(value) : Long.MAX_VALUE;
  }
}
