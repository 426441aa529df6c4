package dev.bitfleet.gateway.store;

/** Where things stand: a map of the fleet and a kind of rows in each journal. */
enum Shelf {
  CONVERSATIONS(1, "conversation"),
  PLACES(2, "place"),
  RESPONSES(3, "response"),
  PENDING_RESPONSES(4, "response"),
  COMPLETIONS(5, "chat completion"),
  ANSWERS(6, "answer"),
  EVENT_LOGS(7, "event log");

  private final int number;
  private final String thing;

  Shelf(int number, String thing) {
    this.number = number;
    this.thing = thing;
  }

  /** Names it in journals, for ever. */
  int number() {
    return number;
  }

  /** What stands there, for people. */
  String thing() {
    return thing;
  }

  /** Its map's name. */
  String map() {
    return "bitfleet." + name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  static Shelf of(int number) {
    for (Shelf shelf : values()) {
      if (shelf.number == number) {
        return shelf;
      }
    }
    throw new IllegalArgumentException("no shelf has the number " + number);
  }
}
