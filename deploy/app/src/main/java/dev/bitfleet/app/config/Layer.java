package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What one place says: the text of each setting it names, and what is wrong with the place itself.
 *
 * @param entries by setting name; names that are no setting have become problems already
 * @param base folder that relative paths in this layer start from
 */
public record Layer(Map<String, Entry> entries, List<Problem> problems, Path base) {

  /** The written form of one value. */
  public record Entry(String text, Source source) {}

  public Layer {
    entries = Map.copyOf(entries);
    problems = List.copyOf(problems);
  }

  static String unknown(String what, String name, List<String> known) {
    return "unknown "
        + what
        + " '"
        + name
        + "'"
        + Spelling.nearest(name, known).map(word -> "; did you mean '" + word + "'?").orElse("");
  }
}
