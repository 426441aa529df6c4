package dev.bitfleet.gateway.grammar;

/**
 * How much one translation may cost. Everything that can grow faster than its schema spends from
 * here, so that time and memory are bounded by counting. One unit is some tens of nanoseconds.
 */
final class Budget {
  /** About 50 ms of a busy core. */
  static final int MAX_WORK = 1_500_000;

  static final int MAX_RULES = 12_000;

  private int work;
  private int rules;
  private String at;

  Budget(String path) {
    at = path;
  }

  /** Where what is spent from now on is spent: named if it is too much. */
  void at(Schema schema) {
    at = schema.path();
  }

  /** Where we are. */
  String at() {
    return at;
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

  int spent() {
    return work;
  }

  SchemaRefused tooLarge(String why) {
    return new SchemaRefused(
        SchemaRefused.Reason.TOO_LARGE,
        at,
        "The schema is too large at '" + at + "': " + why + ".");
  }
}
