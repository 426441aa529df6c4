package dev.bitfleet.app.doctor;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One thing that was found.
 *
 * @param area side of the machine, one lower-case word
 * @param summary one sentence
 * @param remedy what to do about it, a command where there is one
 * @param facts the figures behind the sentence, in order; values are strings, numbers, booleans or
 *     lists of them
 */
public record Finding(
    String area, Level level, String summary, Optional<String> remedy, Map<String, Object> facts) {

  /** How much it matters. */
  public enum Level {
    OK,
    /** Worth knowing. */
    NOTE,
    /** It will serve, but slower or less safely than it could. */
    WARN,
    /** {@code serve} cannot work. */
    BLOCKS
  }

  public Finding {
    facts = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(facts));
  }

  static Finding ok(String area, String summary, Map<String, Object> facts) {
    return new Finding(area, Level.OK, summary, Optional.empty(), facts);
  }

  static Finding note(String area, String summary, Map<String, Object> facts) {
    return new Finding(area, Level.NOTE, summary, Optional.empty(), facts);
  }

  static Finding warn(String area, String summary, String remedy, Map<String, Object> facts) {
    return new Finding(area, Level.WARN, summary, Optional.of(remedy), facts);
  }

  static Finding blocks(String area, String summary, String remedy, Map<String, Object> facts) {
    return new Finding(area, Level.BLOCKS, summary, Optional.of(remedy), facts);
  }
}
