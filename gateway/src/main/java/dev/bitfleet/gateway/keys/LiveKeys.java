package dev.bitfleet.gateway.keys;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of a file that may change while the server runs: keys are added and revoked without a
 * restart. A file that cannot be used any more leaves the last good keys in force. Thread-safe.
 */
public final class LiveKeys {
  private static final Logger log = LoggerFactory.getLogger(LiveKeys.class);

  private record Version(FileTime changed, long size, @Nullable Object identity) {}

  private final Path file;
  private volatile KeyRing ring;
  private volatile @Nullable Version version;

  /**
   * Reads the file. Blocks.
   *
   * @throws KeyFileException when it cannot be used
   */
  public LiveKeys(Path file) throws KeyFileException {
    this.file = file;
    this.version = versionNow();
    this.ring = new KeyRing(KeyFile.read(file));
  }

  /** The keys in force. */
  public KeyRing ring() {
    return ring;
  }

  /** Reads the file again when it has changed. Blocks. */
  public synchronized void refresh() {
    Version now = versionNow();
    if (now == null ? version == null : now.equals(version)) {
      return;
    }
    version = now;
    try {
      ring = new KeyRing(KeyFile.read(file));
      log.info("{} keys are in force", ring.size());
    } catch (KeyFileException e) {
      log.error("the keys stay as they were: {}", e.getMessage());
    }
  }

  private @Nullable Version versionNow() {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Version(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
    } catch (IOException e) {
      return null;
    }
  }
}
