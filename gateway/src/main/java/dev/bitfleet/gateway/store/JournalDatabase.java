package dev.bitfleet.gateway.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A PostgreSQL database in which all nodes of a fleet have their journal.
 *
 * @param url as the JDBC driver takes it, without a user and a password
 * @param user the system's user when empty
 * @param passwordFile read whenever a connection is made, so that passwords can be changed
 * @param cluster name of the fleet whose journal it is
 */
public record JournalDatabase(
    String url, Optional<String> user, Optional<Path> passwordFile, String cluster) {
  private static final int LONGEST_PASSWORD = 4096;

  /** Where it is, without the driver's options. */
  public String place() {
    int options = url.indexOf('?');
    return options < 0 ? url : url.substring(0, options);
  }

  /**
   * Connects and looks whether a node of this fleet could have its journal there. Makes nothing.
   *
   * @return what answered, for people
   * @throws JournalException with what stands against it
   */
  public String look() throws JournalException {
    return JournalTable.look(this);
  }

  Optional<String> password() throws JournalException {
    if (passwordFile.isEmpty()) {
      return Optional.empty();
    }
    Path file = passwordFile.get();
    try {
      if (Files.size(file) > LONGEST_PASSWORD) {
        throw JournalException.passing(
            "journal-password-file: " + file + " is no password: too long", null);
      }
      return Optional.of(Files.readString(file, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      throw JournalException.passing("journal-password-file: " + file + " cannot be read: " + e, e);
    }
  }
}
