package dev.bitfleet.app.config;

import java.util.List;
import java.util.stream.Collectors;

/** The configuration cannot be used; carries every problem that was found. */
public final class ConfigurationException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient List<Problem> problems;

  public ConfigurationException(List<Problem> problems) {
    super(
        problems.stream().map(problem -> "  " + problem).collect(Collectors.joining("\n", "", "")));
    this.problems = List.copyOf(problems);
  }

  /** At least one, in the order: file, environment, command line, then those between values. */
  public List<Problem> problems() {
    return problems;
  }
}
