package dev.bitfleet.app.config;

import java.util.List;
import java.util.Locale;

/** Whether an engine guesses tokens to come. */
public enum SpeculationMode {
  /** Where it pays. */
  AUTO,
  OFF;

  /** What operators call it. */
  public List<String> names() {
    return List.of(name().toLowerCase(Locale.ROOT));
  }
}
