package dev.bitfleet.app.doctor;

import dev.bitfleet.worker.engine.builtin.BundledEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The engine inside the jar, asked by running it.
 *
 * @param binary where it was unpacked; empty with a problem
 * @param problem why it could not be, empty text when it could
 */
public record BundledEngineProbe(Optional<Path> binary, String problem, Machine machine) {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /** Unpacks it into the data folder. */
  public static BundledEngineProbe of(Path dataDir) {
    return of(dataDir, Machine.ofThisOne());
  }

  static BundledEngineProbe of(Path dataDir, Machine machine) {
    try {
      return new BundledEngineProbe(Optional.of(BundledEngine.extract(dataDir)), "", machine);
    } catch (IOException e) {
      return new BundledEngineProbe(Optional.empty(), String.valueOf(e.getMessage()), machine);
    }
  }

  /** Its version and the kernels it can use here, for people; or why there is none. */
  public List<String> describe() {
    if (binary.isEmpty()) {
      return List.of(problem);
    }
    var lines = new ArrayList<String>();
    lines.add(version());
    lines.addAll(run("cpu").output().lines().filter(line -> !line.isBlank()).toList());
    return lines;
  }

  /** What it says to {@code version}. */
  String version() {
    return run("version").firstLine();
  }

  /** Runs one of its commands to the end. */
  Machine.Outcome run(String... arguments) {
    var command = new ArrayList<String>();
    command.add(binary.orElseThrow().toString());
    command.addAll(List.of(arguments));
    return machine.run(LIMIT, command);
  }
}
