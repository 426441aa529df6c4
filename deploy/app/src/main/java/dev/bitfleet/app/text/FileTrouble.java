package dev.bitfleet.app.text;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/** What is wrong with a file, for people who do not know what Java calls it. */
public final class FileTrouble {
  private FileTrouble() {}

  /** The reason alone, to be put behind the file's name. */
  public static String words(IOException failure) {
    return switch (failure) {
      case NoSuchFileException ignored -> "there is no such file";
      case AccessDeniedException ignored -> "permission denied";
      case FileAlreadyExistsException ignored -> "a file has its place";
      case CharacterCodingException ignored -> "it is no text";
      case FileSystemException named when named.getReason() != null -> small(named.getReason());
      default ->
          failure.getMessage() == null ? "input or output failed" : small(failure.getMessage());
    };
  }

  /** The same behind the file's name, where the failure knows it. */
  public static String named(IOException failure) {
    return failure instanceof FileSystemException of && of.getFile() != null
        ? of.getFile() + ": " + words(failure)
        : words(failure);
  }

  /** The C library begins its reasons as sentences. */
  private static String small(String reason) {
    return reason.isEmpty()
        ? reason
        : reason.substring(0, 1).toLowerCase(Locale.ROOT) + reason.substring(1);
  }
}
