package dev.bitfleet.app.serve;

import dev.bitfleet.app.text.FileTrouble;
import java.io.IOException;
import java.nio.file.AccessMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The folder of what Bitfleet writes. */
public final class DataFolder {
  private DataFolder() {}

  /**
   * Makes the folder where there is none.
   *
   * @return why nothing can be written there, in a sentence; a full disk is no reason, since much
   *     can be served from it
   */
  public static Optional<String> problem(Path folder) {
    try {
      Files.createDirectories(folder);
      folder
          .getFileSystem()
          .provider()
          .checkAccess(folder, AccessMode.READ, AccessMode.WRITE, AccessMode.EXECUTE);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(
          "data-dir: %s cannot be written to: %s. Let this user write there, or name another folder with --data-dir"
              .formatted(folder, FileTrouble.words(e)));
    }
  }
}
