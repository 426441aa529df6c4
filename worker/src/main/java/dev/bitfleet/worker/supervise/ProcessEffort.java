package dev.bitfleet.worker.supervise;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How much a process has done: ticks of processor time and pages read from disk, since its start.
 * Does not grow while it is stopped or waits for ever.
 */
final class ProcessEffort {
  // Places behind the program's name, which may hold spaces and parentheses. Source: proc(5).
  private static final int MAJOR_FAULTS = 9;
  private static final int USER_TICKS = 11;
  private static final int SYSTEM_TICKS = 12;

  private ProcessEffort() {}

  /** Of that process now; 0 when there is none. Reads memory of the kernel's, not a disk. */
  static long of(long pid) {
    if (pid == 0) {
      return 0;
    }
    try {
      return parse(
          Files.readString(
              Path.of("/proc", Long.toString(pid), "stat"), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return 0;
    }
  }

  /** From the text of {@code /proc/<pid>/stat}; 0 when it is none. */
  static long parse(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
    if (fields.length <= SYSTEM_TICKS) {
      return 0;
    }
    try {
      return Long.parseLong(fields[MAJOR_FAULTS])
          + Long.parseLong(fields[USER_TICKS])
          + Long.parseLong(fields[SYSTEM_TICKS]);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
