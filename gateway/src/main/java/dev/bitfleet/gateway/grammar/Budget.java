package dev.bitfleet.gateway.grammar;

import org.jspecify.annotations.Nullable;

/**
 * How much one translation may cost. Everything that can grow faster than its schema spends from
 * here, so that time and memory are bounded by counting. One unit is some tens of nanoseconds.
 */
final class Budget {
  /** About 40 ms of a core. */
  static final int MAX_WORK = 1_000_000;

  static final int MAX_RULES = 12_000;

  private int work;
  private int rules;
  private long bytes;
  private final String path;
  private @Nullable Schema at;

  Budget(String path) {
    this.path = path;
  }

  /** Where what is spent from now on is spent: named if it is too much. */
  void at(Schema schema) {
    at = schema;
  }

  /** Where we are. */
  String at() {
    return at == null ? path : at.path();
  }

  void spend(int units) {
    work += units;
    if (work > MAX_WORK || work < 0) {
      throw tooLarge("it takes too much work to translate");
    }
  }

  void rule() {
    if (++rules > MAX_RULES) {
      throw tooLarge("its grammar needs more than " + MAX_RULES + " rules");
    }
  }

  /** The grammar will have so many bytes more, at least. */
  void bytes(int more) {
    bytes += more;
    if (bytes > Grammar.MAX_BYTES) {
      throw tooLong();
    }
  }

  SchemaRefused tooLong() {
    return tooLarge("its grammar is longer than " + Grammar.MAX_BYTES + " bytes");
  }

  SchemaRefused tooLarge(String why) {
    String place = at();
    return new SchemaRefused(
        SchemaRefused.Reason.TOO_LARGE,
        place,
        "The schema is too large at '" + Schema.shown(place) + "': " + why + ".");
  }
}
