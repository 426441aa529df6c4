package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What one place says: the text of each setting it names, and what is wrong with the place itself.
 *
 * @param entries by setting name; names that are no setting have become problems already
 * @param base folder that relative paths in this layer start from
 * @param models what the items of {@code models} set for themselves, in their order; empty when
 *     none does
 */
public record Layer(
    Map<String, Entry> entries,
    List<Problem> problems,
    Path base,
    List<Map<String, Entry>> models) {

  /** The written form of one value. */
  public record Entry(String text, Source source) {}

  public Layer {
    entries = Map.copyOf(entries);
    problems = List.copyOf(problems);
    models = List.copyOf(models);
  }

  /** One whose models, if any, have no settings of their own. */
  Layer(Map<String, Entry> entries, List<Problem> problems, Path base) {
    this(entries, problems, base, List.of());
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
