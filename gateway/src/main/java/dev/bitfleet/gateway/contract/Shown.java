package dev.bitfleet.gateway.contract;

/** What a client wrote, as messages and logs may repeat it. */
public final class Shown {
  private static final int USUAL = 80;

  private Shown() {}

  /** On one line, and no longer than a person wants to read. */
  public static String of(String text) {
    if (text.length() <= USUAL) {
      return line(text);
    }
    int end = Character.isHighSurrogate(text.charAt(USUAL - 1)) ? USUAL - 1 : USUAL;
    return line(text.substring(0, end)) + "…";
  }

  /**
   * With nothing in it that ends a line, moves a terminal's cursor or turns the direction of
   * writing: such characters are written as escapes, so that nobody forges a line of a log.
   */
  public static String line(String text) {
    int from = 0;
    while (from < text.length() && harmless(text.charAt(from))) {
      from++;
    }
    if (from == text.length()) {
      return text;
    }
    StringBuilder line = new StringBuilder(text.length() + 16).append(text, 0, from);
    for (int i = from; i < text.length(); i++) {
      char unit = text.charAt(i);
      switch (unit) {
        case '\n' -> line.append("\\n");
        case '\r' -> line.append("\\r");
        case '\t' -> line.append("\\t");
        default -> {
          if (harmless(unit)) {
            line.append(unit);
          } else {
            line.append(String.format("\\u%04x", (int) unit));
          }
        }
      }
    }
    return line.toString();
  }

  private static boolean harmless(char unit) {
    return switch (Character.getType(unit)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
