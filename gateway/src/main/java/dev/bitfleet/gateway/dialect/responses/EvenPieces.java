package dev.bitfleet.gateway.dialect.responses;

/**
 * Cuts a text into pieces whose ends depend on the text alone, not on how it came: a response that
 * is run again has the same events then. About a word each.
 */
final class EvenPieces {
  private static final int MOST = 16;

  private EvenPieces() {}

  /** Where the piece ends that begins there; -1 while that cannot be known. */
  static int end(CharSequence text, int from) {
    boolean word = false;
    for (int i = from; i < text.length(); i++) {
      char next = text.charAt(i);
      boolean space = next == ' ' || next == '\n';
      if (space && word) {
        return i;
      }
      word |= !space;
      if (i + 1 - from >= MOST && !Character.isHighSurrogate(next)) {
        return i + 1;
      }
    }
    return -1;
  }
}
