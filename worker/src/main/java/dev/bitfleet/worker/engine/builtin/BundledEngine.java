package dev.bitfleet.worker.engine.builtin;

import dev.bitfleet.worker.files.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** The engine binary this jar carries, one for each platform it was built on. */
public final class BundledEngine {
  private static final String FILE = "bitfleet-engine";
  private static final int NAME_DIGITS = 16;

  private BundledEngine() {}

  /** The folder name of this machine's binaries: linux-x86_64 or linux-aarch64. */
  public static String platform() {
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    return "linux-" + (arch.equals("amd64") ? "x86_64" : arch);
  }

  /** Whether this jar carries a binary for this machine. */
  public static boolean present() {
    return BundledEngine.class.getResource(resource()) != null;
  }

  /**
   * Puts the binary into the data directory and returns its path. The name holds its checksum, so
   * two versions can share a directory; the file appears whole or not at all; one that is there is
   * used only if its bytes are right.
   *
   * @throws IOException when this jar has no binary for this machine, or writing fails
   */
  public static Path extract(Path dataDir) throws IOException {
    byte[] bytes;
    try (InputStream in = BundledEngine.class.getResourceAsStream(resource())) {
      if (in == null) {
        throw new IOException(
            "this build carries no engine for "
                + platform()
                + ": build on such a machine, or name one with --engine-bin");
      }
      bytes = in.readAllBytes();
    }
    String checksum = sha256(bytes);
    Path folder = Files.createDirectories(dataDir.resolve("engine"));
    Path target = folder.resolve(FILE + "-" + checksum.substring(0, NAME_DIGITS));
    if (Files.isExecutable(target) && sha256(Files.readAllBytes(target)).equals(checksum)) {
      return target;
    }
    return WholeFile.put(
        folder,
        partial -> {
          Files.write(partial, bytes);
          Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString("rwxr-xr-x"));
          return target.getFileName().toString();
        });
  }

  private static String resource() {
    return "/dev/bitfleet/engine/" + platform() + "/" + FILE;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
