package dev.bitfleet.app.config;

import java.util.Locale;

/**
 * One thing an operator may set.
 *
 * @param name words joined by dashes; the key in the file
 * @param fallback the value when nobody set it
 * @param description one line for help and documentation
 * @param <T> the value's type
 */
public record Setting<T>(String name, Kind<T> kind, T fallback, String description) {

  /** The environment variable that sets it. */
  public String variable() {
    return "BITFLEET_" + name.replace('-', '_').toUpperCase(Locale.ROOT);
  }

  /** The command-line option that sets it. */
  public String flag() {
    return "--" + name;
  }
}
