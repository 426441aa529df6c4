package dev.bitfleet.app;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * Which build this is.
 *
 * @param commit abbreviated git commit, or {@code unknown} when it was built outside a clone
 */
public record BuildVersion(String version, String commit) {

  /** Read from the jar. */
  public static BuildVersion current() {
    var properties = new Properties();
    try (InputStream in = BuildVersion.class.getResourceAsStream("build.properties")) {
      if (in == null) {
        throw new IllegalStateException("build.properties is missing from the jar");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new BuildVersion(
        properties.getProperty("version", "unknown"), properties.getProperty("commit", "unknown"));
  }

  @Override
  public String toString() {
    return commit.equals("unknown") ? version : version + " (" + commit + ")";
  }
}
