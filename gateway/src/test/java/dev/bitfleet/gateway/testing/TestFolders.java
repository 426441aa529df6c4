package dev.bitfleet.gateway.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Folders for what is not under test; they go when the JVM does. */
public final class TestFolders {
  private static final Path ROOT = root();

  private TestFolders() {}

  private static Path root() {
    try {
      Path root = Files.createTempDirectory("bitfleet-test-");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> remove(root)));
      return root;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A path that nothing is at. */
  public static Path fresh() {
    try {
      Path folder = Files.createTempDirectory(ROOT, "store-");
      Files.delete(folder);
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void remove(Path root) {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // The system's temporary folder is swept by others too.
    }
  }
}
