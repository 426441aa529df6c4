package dev.bitfleet.worker.files;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes files so that nobody ever sees a part of one, also when the power fails. */
public final class WholeFile {
  private WholeFile() {}

  /** Fills a file. */
  @FunctionalInterface
  public interface Writing {
    /**
     * Writes it, and may set its permissions; at first only its owner may read it.
     *
     * @param partial an empty file beside the place it goes to
     * @return what it is to be called
     */
    String into(Path partial) throws IOException;
  }

  /**
   * Puts a file into a folder, in the place of one of that name. When writing fails, what was there
   * is there. Blocks.
   *
   * @param folder made when it is not there
   * @return the file
   */
  public static Path put(Path folder, Writing writing) throws IOException {
    Path partial = Files.createTempFile(Files.createDirectories(folder), "new", ".partial");
    try {
      Path file = folder.resolve(writing.into(partial));
      try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      return file;
    } finally {
      Files.deleteIfExists(partial);
    }
  }
}
