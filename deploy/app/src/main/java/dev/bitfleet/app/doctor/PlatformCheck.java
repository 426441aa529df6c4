package dev.bitfleet.app.doctor;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;

/** Operating system, processor family, JVM. */
record PlatformCheck(Machine machine) implements Check {
  private static final Set<String> KNOWN_ARCHITECTURES = Set.of("amd64", "aarch64");

  @Override
  public List<Finding> look() {
    String system = System.getProperty("os.name", "");
    String architecture = System.getProperty("os.arch", "");
    String kernel =
        machine.files().read(Path.of("/proc/sys/kernel/osrelease")).map(String::strip).orElse("");
    String distribution =
        machine
            .files()
            .read(Path.of("/etc/os-release"))
            .flatMap(
                text ->
                    text.lines()
                        .filter(line -> line.startsWith("PRETTY_NAME="))
                        .map(line -> line.substring("PRETTY_NAME=".length()).replace("\"", ""))
                        .findFirst())
            .orElse(system);
    String jvm =
        System.getProperty("java.vm.vendor", "") + " " + System.getProperty("java.version", "");
    var facts = new LinkedHashMap<String, Object>();
    facts.put("system", system);
    facts.put("distribution", distribution);
    facts.put("kernel", kernel);
    facts.put("architecture", architecture);
    facts.put("jvm", jvm);
    String summary =
        "%s, kernel %s, %s, JVM %s".formatted(distribution, kernel, architecture, jvm.strip());
    if (!system.equals("Linux") || !KNOWN_ARCHITECTURES.contains(architecture)) {
      return List.of(
          Finding.blocks(
              "platform", summary, "Bitfleet runs on Linux, on x86-64 and aarch64.", facts));
    }
    return List.of(Finding.ok("platform", summary, facts));
  }
}
