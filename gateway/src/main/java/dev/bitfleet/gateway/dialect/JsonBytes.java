package dev.bitfleet.gateway.dialect;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A growing buffer of JSON text in UTF-8. For the hot path: what never changes in a stream is
 * encoded once and appended as bytes, so that a token costs little more than its own escaping.
 */
public final class JsonBytes {
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NULL = {'n', 'u', 'l', 'l'};

  private byte[] bytes;
  private int length;

  public JsonBytes(int capacity) {
    bytes = new byte[capacity];
  }

  public int length() {
    return length;
  }

  public byte[] toByteArray() {
    return Arrays.copyOf(bytes, length);
  }

  /** Forgets the content and keeps the space. */
  public void clear() {
    length = 0;
  }

  @Override
  public String toString() {
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }

  /** Bytes as they are. */
  public JsonBytes raw(byte[] what) {
    reserve(what.length);
    System.arraycopy(what, 0, bytes, length, what.length);
    length += what.length;
    return this;
  }

  /** Text as it is. */
  public JsonBytes raw(String what) {
    return raw(what.getBytes(StandardCharsets.UTF_8));
  }

  public JsonBytes number(long value) {
    return raw(Long.toString(value));
  }

  /** A finite number; anything else has no place in JSON. */
  public JsonBytes number(double value) {
    return raw(Double.toString(value));
  }

  public JsonBytes nul() {
    return raw(NULL);
  }

  /** A quoted, escaped string. A lone surrogate becomes U+FFFD. */
  public JsonBytes string(CharSequence text) {
    reserve(text.length() + 2);
    bytes[length++] = '"';
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      // At most six bytes for this character, and the closing quote.
      reserve(7);
      if (c < 0x80) {
        ascii(c);
      } else if (c < 0x800) {
        bytes[length++] = (byte) (0xC0 | c >> 6);
        bytes[length++] = (byte) (0x80 | c & 0x3F);
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        int point = Character.toCodePoint(c, text.charAt(++i));
        bytes[length++] = (byte) (0xF0 | point >> 18);
        bytes[length++] = (byte) (0x80 | point >> 12 & 0x3F);
        bytes[length++] = (byte) (0x80 | point >> 6 & 0x3F);
        bytes[length++] = (byte) (0x80 | point & 0x3F);
      } else {
        char written = Character.isSurrogate(c) ? '\uFFFD' : c;
        bytes[length++] = (byte) (0xE0 | written >> 12);
        bytes[length++] = (byte) (0x80 | written >> 6 & 0x3F);
        bytes[length++] = (byte) (0x80 | written & 0x3F);
      }
    }
    reserve(1);
    bytes[length++] = '"';
    return this;
  }

  private void ascii(char c) {
    if (c >= 0x20 && c != '"' && c != '\\') {
      bytes[length++] = (byte) c;
      return;
    }
    bytes[length++] = '\\';
    switch (c) {
      case '"', '\\' -> bytes[length++] = (byte) c;
      case '\n' -> bytes[length++] = 'n';
      case '\r' -> bytes[length++] = 'r';
      case '\t' -> bytes[length++] = 't';
      default -> {
        bytes[length++] = 'u';
        bytes[length++] = '0';
        bytes[length++] = '0';
        bytes[length++] = HEX[c >> 4];
        bytes[length++] = HEX[c & 0xF];
      }
    }
  }

  private void reserve(int more) {
    if (length + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(length + more, 2 * bytes.length));
    }
  }
}
