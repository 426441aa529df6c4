package dev.bitfleet.acceptance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * How a program that ends by itself ended.
 *
 * @param took from start to end
 */
record Exit(int status, String out, String err, Duration took) {

  /** Runs the jar with those arguments to its end. */
  static Exit ofBitfleet(Path folder, String... arguments) throws Exception {
    return of(folder, Map.of(), Duration.ofSeconds(60), Installation.command(List.of(arguments)));
  }

  /**
   * Runs a program to its end.
   *
   * @param folder where its output is kept meanwhile
   * @param environment added to this process's own
   */
  static Exit of(Path folder, Map<String, String> environment, Duration limit, List<String> command)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "exit", ".out");
    Path err = Files.createTempFile(folder, "exit", ".err");
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().putAll(environment);
    long began = System.nanoTime();
    Process process = builder.start();
    process.getOutputStream().close();
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(
          command + " still ran after " + limit + "\n" + read(out) + "\n" + read(err));
    }
    return new Exit(
        process.exitValue(), read(out), read(err), Duration.ofNanos(System.nanoTime() - began));
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }
}
