package dev.bitfleet.gateway.dialect.openai;

import java.nio.charset.StandardCharsets;

/** Follows tokens through the text that they make. One thread. */
final class TextCursor {
  private final byte[] begin;
  private int characters;
  private boolean moved;

  /**
   * @param begin how the text begins, as far as it is known before its tokens; empty when it is not
   */
  TextCursor(String begin) {
    this.begin = begin.getBytes(StandardCharsets.UTF_8);
  }

  /** Characters before that token. */
  int pass(byte[] token) {
    int before = characters;
    if (moved || !isControl(token)) {
      characters += characters(token);
    }
    moved = true;
    return before;
  }

  /**
   * A tokenizer may put a control token, as {@code <s>}, before a prompt: it is told by its name,
   * and is not part of the text.
   */
  private boolean isControl(byte[] first) {
    if (begin.length == 0 || first.length < 2 || first[0] != '<' || last(first) != '>') {
      return false;
    }
    for (int i = 0; i < first.length; i++) {
      if (i >= begin.length || begin[i] != first[i]) {
        return true;
      }
    }
    return false;
  }

  private static byte last(byte[] bytes) {
    return bytes[bytes.length - 1];
  }

  /** Characters that begin in these bytes: all but UTF-8's continuation bytes. */
  private static int characters(byte[] bytes) {
    int count = 0;
    for (byte b : bytes) {
      if ((b & 0xC0) != 0x80) {
        count++;
      }
    }
    return count;
  }
}
