package dev.bitfleet.app.model;

import dev.bitfleet.worker.files.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/** The demo model inside the jar. */
public final class BundledModel {
  /** What clients call it. */
  public static final String ID = "bitfleet-demo";

  private static final String RESOURCE = "/dev/bitfleet/models/" + ID + ".gguf";
  private static final int NAME_DIGITS = 16;

  private BundledModel() {}

  /**
   * Puts the model into the data folder, where engines can map it, and returns its path. Its folder
   * is named by its checksum: two versions of Bitfleet can share a data folder, and a file that is
   * there under that name with those bytes is used as it is.
   *
   * @return empty when this jar carries none
   * @throws IOException when the data folder cannot be written
   */
  public static Optional<Path> extract(Path dataDir) throws IOException {
    byte[] bytes;
    try (InputStream in = BundledModel.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        return Optional.empty();
      }
      bytes = in.readAllBytes();
    }
    String checksum = sha256(bytes);
    Path folder =
        Files.createDirectories(
            dataDir.resolve("bundled").resolve(checksum.substring(0, NAME_DIGITS)));
    Path target = folder.resolve(ID + ".gguf");
    if (Files.isRegularFile(target) && sha256(Files.readAllBytes(target)).equals(checksum)) {
      return Optional.of(target);
    }
    return Optional.of(
        WholeFile.put(
            folder,
            partial -> {
              Files.write(partial, bytes);
              return target.getFileName().toString();
            }));
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
