package dev.bitfleet.acceptance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Classes loaded and linked beforehand, as the launcher keeps them beside the jar: of the many
 * starts of these tests each costs half of what it would. Made once, by whichever process is first.
 */
final class AotCache {
  private static final int REHEARSED_WITHIN_SECONDS = 180;

  private AotCache() {}

  /** The JVM's flags that use it. */
  static List<String> flags(Path jar, List<String> jvm) {
    Path cache = jar.resolveSibling("bitfleet.aot");
    try {
      if (!current(cache, jar)) {
        try (FileChannel gate =
                FileChannel.open(
                    jar.resolveSibling("bitfleet.aot.lock"),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE);
            FileLock alone = gate.lock()) {
          if (!current(cache, jar)) {
            rehearse(cache, jar, jvm);
          }
        }
      }
      return List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=off", "-Xlog:cds*=off");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean current(Path cache, Path jar) throws IOException {
    return Files.exists(cache)
        && Files.getLastModifiedTime(cache).compareTo(Files.getLastModifiedTime(jar)) > 0;
  }

  private static void rehearse(Path cache, Path jar, List<String> jvm) throws IOException {
    Path folder = Files.createTempDirectory("rehearsal");
    // Only one that is whole comes to its place.
    Path made = cache.resolveSibling("bitfleet.aot.new");
    Path log = folder.resolve("log");
    var command = new ArrayList<>(jvm);
    command.addAll(
        List.of(
            "-XX:AOTCacheOutput=" + made,
            "-Xlog:disable",
            "-jar",
            jar.toString(),
            "rehearse",
            "--data-dir",
            folder.resolve("data").toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .start();
    try {
      if (!process.waitFor(REHEARSED_WITHIN_SECONDS, TimeUnit.SECONDS)
          || process.exitValue() != 0
          || !Files.exists(made)) {
        process.destroyForcibly();
        throw new AssertionError("the rehearsal failed: " + Files.readString(log));
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
    Files.move(made, cache, StandardCopyOption.ATOMIC_MOVE);
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
