package dev.bitfleet.app.doctor;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What building takes, and the small programs that surround an engine. */
record ToolsCheck(Machine machine) implements Check {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  /** Program → Debian package. */
  private static final Map<String, String> TO_BUILD =
      ordered("cmake", "cmake", "g++", "g++", "make", "make", "javac", "temurin-25-jdk");

  private static final Map<String, String> TO_RUN =
      ordered(
          "setsid", "util-linux",
          "setpriv", "util-linux",
          "taskset", "util-linux",
          "prlimit", "util-linux");

  private static final Map<String, String> OPTIONAL = ordered("clang", "clang", "git", "git");

  @Override
  public List<Finding> look() {
    return List.of(building(), running());
  }

  private Finding building() {
    var facts = new LinkedHashMap<String, Object>();
    var present = new ArrayList<String>();
    var packages = new ArrayList<String>();
    for (var tools : List.of(TO_BUILD, OPTIONAL)) {
      tools.forEach(
          (tool, debianPackage) -> {
            Optional<String> version = version(tool);
            facts.put(tool, version.orElse("missing"));
            version.ifPresent(text -> present.add(text.isEmpty() ? tool : tool + " " + text));
            if (version.isEmpty() && tools == TO_BUILD) {
              packages.add(debianPackage);
            }
          });
    }
    String summary = present.isEmpty() ? "no compilers" : String.join(", ", present);
    if (packages.isEmpty()) {
      return Finding.ok("compilers", summary, facts);
    }
    return new Finding(
        "compilers",
        Finding.Level.NOTE,
        summary + "; not enough to build from source, which the finished jar does not need",
        Optional.of("apt-get install " + String.join(" ", packages)),
        facts);
  }

  private Finding running() {
    List<String> missing =
        TO_RUN.keySet().stream().filter(tool -> machine.program(tool).isEmpty()).toList();
    var facts = new LinkedHashMap<String, Object>();
    TO_RUN.keySet().forEach(tool -> facts.put(tool, !missing.contains(tool)));
    if (missing.isEmpty()) {
      return Finding.ok(
          "tools", String.join(", ", TO_RUN.keySet()) + " pin and bound engines", facts);
    }
    return Finding.warn(
        "tools",
        String.join(", ", missing)
            + (missing.size() == 1 ? " is" : " are")
            + " missing: engines are not pinned, or may outlive a killed JVM",
        "apt-get install util-linux",
        facts);
  }

  /** The version a tool tells of itself; empty text when it tells none. */
  private Optional<String> version(String tool) {
    return machine
        .program(tool)
        .map(
            path -> {
              String line = machine.run(LIMIT, List.of(path.toString(), "--version")).firstLine();
              return List.of(line.split("\\s+", -1)).stream()
                  .filter(word -> word.matches("\\d+(\\.\\d+)+.*"))
                  .reduce((first, last) -> last)
                  .orElse("");
            });
  }

  private static Map<String, String> ordered(String... pairs) {
    var map = new LinkedHashMap<String, String>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put(pairs[i], pairs[i + 1]);
    }
    return map;
  }
}
