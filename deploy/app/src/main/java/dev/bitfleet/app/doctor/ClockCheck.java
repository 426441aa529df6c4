package dev.bitfleet.app.doctor;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;

/** Time of day, and what reading it costs. */
record ClockCheck(Machine machine, Clock clock) implements Check {
  /** No machine that runs this is older than the code. */
  private static final Instant BUILT_AFTER = Instant.parse("2026-11-01T00:00:00Z");

  private static final Path SOURCE =
      Path.of("/sys/devices/system/clocksource/clocksource0/current_clocksource");

  @Override
  public List<Finding> look() {
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    String source = machine.files().read(SOURCE).map(String::strip).orElse("unknown");
    var facts = new LinkedHashMap<String, Object>();
    facts.put("time", now.toString());
    facts.put("clock_source", source);
    String summary = now + ", clock source " + source;
    if (now.isBefore(BUILT_AFTER)) {
      return List.of(
          Finding.warn(
              "time",
              summary + ": the clock is behind the build of this program",
              "set it: timedatectl set-ntp true",
              facts));
    }
    if (source.equals("hpet") || source.equals("acpi_pm")) {
      return List.of(
          Finding.warn(
              "time",
              summary + ": each look at the clock goes through slow hardware",
              "echo tsc > " + SOURCE,
              facts));
    }
    return List.of(Finding.ok("time", summary, facts));
  }
}
