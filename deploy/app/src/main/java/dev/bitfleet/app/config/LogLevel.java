package dev.bitfleet.app.config;

import java.util.List;
import java.util.Locale;

/** How much is logged. */
public enum LogLevel {
  ERROR,
  WARN,
  INFO,
  DEBUG;

  /** What operators call it. */
  public List<String> names() {
    return List.of(name().toLowerCase(Locale.ROOT));
  }
}
