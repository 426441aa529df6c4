package dev.bitfleet.gateway.grammar;

import org.jspecify.annotations.Nullable;

/**
 * Finds where a JSON value ends, piece by piece, by brackets and quotes alone: whoever reads the
 * value will judge it.
 */
final class JsonSpan {
  private int depth;
  private boolean inString;
  private boolean escaped;
  private boolean bare;
  private boolean begun;
  private boolean over;

  /** A value begins. */
  void begin() {
    depth = 0;
    inString = false;
    escaped = false;
    bare = false;
    begun = false;
    over = false;
  }

  boolean isOver() {
    return over;
  }

  /** How many of these characters belong to the value. */
  int read(CharSequence text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (inString) {
        if (escaped) {
          escaped = false;
        } else if (c == '\\') {
          escaped = true;
        } else if (c == '"') {
          inString = false;
          over = depth == 0;
        }
      } else if (bare && depth == 0) {
        // A number or a word ends where something else begins, which is not its own.
        if (" \t\r\n,}]<".indexOf(c) >= 0) {
          over = true;
          return i;
        }
      } else {
        switch (c) {
          case '"' -> inString = true;
          case '{', '[' -> depth++;
          case '}', ']' -> {
            if (depth == 0) {
              over = true;
              return i;
            }
            depth--;
            over = depth == 0;
          }
          default -> bare = !begun;
        }
      }
      begun = true;
      if (over) {
        return i + 1;
      }
    }
    return text.length();
  }

  /** The text of a JSON string; null if it is none. */
  static @Nullable String unquoted(String json) {
    int n = json.length();
    if (n < 2 || json.charAt(0) != '"' || json.charAt(n - 1) != '"') {
      return null;
    }
    StringBuilder out = new StringBuilder();
    for (int i = 1; i < n - 1; i++) {
      char c = json.charAt(i);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      if (++i >= n - 1) {
        return null;
      }
      int at = "\"\\/bfnrt".indexOf(json.charAt(i));
      if (at >= 0) {
        out.append("\"\\/\b\f\n\r\t".charAt(at));
      } else if (json.charAt(i) == 'u' && i + 4 < n - 1) {
        int value = 0;
        for (int k = 1; k <= 4; k++) {
          int digit = Character.digit(json.charAt(i + k), 16);
          if (digit < 0) {
            return null;
          }
          value = value * 16 + digit;
        }
        out.append((char) value);
        i += 4;
      } else {
        return null;
      }
    }
    return out.toString();
  }
}
