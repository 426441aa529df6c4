package dev.bitfleet.app.config;

import java.nio.file.Path;

/** Where a value was written. {@code toString} is how a person finds it. */
public sealed interface Source {

  /** Nobody set it. */
  record BuiltIn() implements Source {
    @Override
    public String toString() {
      return "default";
    }
  }

  /** A line of the configuration file, counted from 1. */
  record FileLine(Path file, int line) implements Source {
    @Override
    public String toString() {
      return file + ":" + line;
    }
  }

  /** An environment variable. */
  record Variable(String name) implements Source {
    @Override
    public String toString() {
      return name;
    }
  }

  /** An option or parameter of the command line, as it is written there. */
  record Flag(String name) implements Source {
    @Override
    public String toString() {
      return name;
    }
  }
}
