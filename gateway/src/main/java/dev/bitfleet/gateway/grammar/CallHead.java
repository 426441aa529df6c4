package dev.bitfleet.gateway.grammar;

import org.jspecify.annotations.Nullable;

/**
 * What follows the opening of a call, up to where its arguments can be told. The canonical order is
 * name first; the other way round, and members that nobody asked for, are understood.
 */
sealed interface CallHead {
  /** It may still become one. */
  record Open() implements CallHead {}

  /** It will not. */
  record Broken() implements CallHead {}

  /**
   * A call.
   *
   * @param length of what was read
   * @param arguments if they came before the name; null: they follow now
   */
  record Found(String name, int length, @Nullable String arguments) implements CallHead {}

  /** The head that the text begins with. */
  static CallHead of(CharSequence text) {
    int at = blanks(text, 0);
    if (at == text.length()) {
      return new Open();
    }
    if (text.charAt(at) != '{') {
      return new Broken();
    }
    at++;
    String name = null;
    String arguments = null;
    JsonSpan span = new JsonSpan();
    while (true) {
      int keyAt = blanks(text, at);
      if (keyAt == text.length()) {
        return new Open();
      }
      if (text.charAt(keyAt) != '"') {
        return new Broken();
      }
      span.begin();
      int keyEnd = keyAt + span.read(text.subSequence(keyAt, text.length()));
      if (!span.isOver()) {
        return new Open();
      }
      String key = JsonSpan.unquoted(text.subSequence(keyAt, keyEnd).toString());
      int colon = blanks(text, keyEnd);
      if (colon == text.length()) {
        return new Open();
      }
      if (key == null || text.charAt(colon) != ':') {
        return new Broken();
      }
      int valueAt = blanks(text, colon + 1);
      if (valueAt == text.length()) {
        return new Open();
      }
      if (key.equals("arguments") && name != null) {
        return new Found(name, valueAt, null);
      }
      span.begin();
      int valueEnd = valueAt + span.read(text.subSequence(valueAt, text.length()));
      if (!span.isOver()) {
        return new Open();
      }
      String value = text.subSequence(valueAt, valueEnd).toString();
      if (value.isEmpty()) {
        return new Broken();
      }
      if (key.equals("arguments")) {
        arguments = value;
      } else if (key.equals("name")) {
        name = JsonSpan.unquoted(value);
        if (name == null) {
          return new Broken();
        }
      }
      if (name != null && arguments != null) {
        return new Found(name, valueEnd, arguments);
      }
      int comma = blanks(text, valueEnd);
      if (comma == text.length()) {
        return new Open();
      }
      if (text.charAt(comma) != ',') {
        return new Broken();
      }
      at = comma + 1;
    }
  }

  /** The first place from there that is no white space. */
  static int blanks(CharSequence text, int from) {
    int at = from;
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at;
  }
}
