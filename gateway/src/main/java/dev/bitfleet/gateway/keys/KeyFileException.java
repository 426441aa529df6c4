package dev.bitfleet.gateway.keys;

import java.nio.file.Path;
import java.util.List;

/** A key file that cannot be used, with everything that is wrong with it. */
public final class KeyFileException extends Exception {
  private static final long serialVersionUID = 1;

  public KeyFileException(Path file, List<String> problems) {
    super(file + ": " + String.join("; ", problems));
  }
}
