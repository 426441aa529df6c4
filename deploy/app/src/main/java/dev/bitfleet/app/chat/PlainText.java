package dev.bitfleet.app.chat;

/**
 * Text of a server, made safe for a terminal. Escape sequences in it could rewrite the screen, or
 * on some terminals type for the user; so control characters other than line feed and tab are left
 * out, and so are those that turn the direction of writing.
 */
final class PlainText {
  private PlainText() {}

  static String of(String text) {
    StringBuilder plain = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (harmless(c)) {
        if (plain != null) {
          plain.append(c);
        }
      } else if (plain == null) {
        plain = new StringBuilder(text.length()).append(text, 0, i);
      }
    }
    return plain == null ? text : plain.toString();
  }

  private static boolean harmless(char c) {
    return c == '\n'
        || c == '\t'
        || (!Character.isISOControl(c)
            && !(c >= '\u202a' && c <= '\u202e')
            && !(c >= '\u2066' && c <= '\u2069'));
  }
}
