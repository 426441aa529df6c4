package dev.bitfleet.app.cluster;

import dev.bitfleet.app.text.FileTrouble;
import dev.bitfleet.worker.files.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** A node's name in its cluster. It is made once and kept in the data folder. */
public final class NodeIdentity {
  private static final String FILE = "node-id";
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,31}");

  private NodeIdentity() {}

  /**
   * The name that is kept there; a new one where there is none.
   *
   * @throws ClusterException when it cannot be read or kept
   */
  public static String in(Path dataDir) throws ClusterException {
    Path file = dataDir.resolve(FILE);
    try {
      return checked(Files.readString(file, StandardCharsets.UTF_8).strip(), file);
    } catch (NoSuchFileException e) {
      return made(dataDir);
    } catch (IOException e) {
      throw new ClusterException(
          "data-dir: the node's name cannot be read from %s: %s"
              .formatted(file, FileTrouble.words(e)),
          e);
    }
  }

  private static String checked(String name, Path file) throws ClusterException {
    if (!FORM.matcher(name).matches()) {
      throw new ClusterException(
          file
              + " does not hold a node's name (letters, digits, _ and -, at most 32); delete it to"
              + " have a new one made");
    }
    return name;
  }

  private static String made(Path dataDir) throws ClusterException {
    byte[] random = new byte[6];
    new SecureRandom().nextBytes(random);
    String name = "node-" + HexFormat.of().formatHex(random);
    try {
      WholeFile.put(
          dataDir,
          partial -> {
            Files.writeString(partial, name + "\n");
            return FILE;
          });
      return name;
    } catch (IOException e) {
      throw new ClusterException(
          "data-dir: the node's name cannot be kept in %s: %s"
              .formatted(dataDir, FileTrouble.words(e)),
          e);
    }
  }
}
