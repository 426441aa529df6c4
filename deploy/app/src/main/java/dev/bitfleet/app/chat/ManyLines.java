package dev.bitfleet.app.chat;

/**
 * Messages of several lines: a backslash at a line's end goes on with the next, and all between two
 * lines that begin with three double quotes is one message.
 */
final class ManyLines {
  private static final String FENCE = "\"\"\"";

  private ManyLines() {}

  /** Whether more lines belong to it. */
  static boolean unfinished(String text) {
    if (text.startsWith(FENCE)) {
      return text.indexOf(FENCE, FENCE.length()) < 0;
    }
    return text.endsWith("\\");
  }

  /** The message, without what only held its lines together. */
  static String joined(String text) {
    if (text.startsWith(FENCE)) {
      int end = text.indexOf(FENCE, FENCE.length());
      return text.substring(FENCE.length(), end < 0 ? text.length() : end).strip();
    }
    return text.replace("\\\n", "\n");
  }
}
