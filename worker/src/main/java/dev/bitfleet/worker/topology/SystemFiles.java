package dev.bitfleet.worker.topology;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The one seam between this room and the machine: small text files of /sys, /proc and the cgroup
 * tree. Tests put a made-up machine behind it.
 */
@FunctionalInterface
public interface SystemFiles {
  /** The whole file as text; empty when it is absent or may not be read. */
  Optional<String> read(Path path);

  /** The machine this JVM runs on. */
  static SystemFiles ofThisMachine() {
    return path -> {
      try {
        return Optional.of(Files.readString(path, StandardCharsets.ISO_8859_1));
      } catch (IOException e) {
        return Optional.empty();
      }
    };
  }
}
