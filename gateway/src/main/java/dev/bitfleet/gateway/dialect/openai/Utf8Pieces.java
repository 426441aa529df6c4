package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.proto.TokenDetail;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Text from tokens that come in several pieces: a character that begins in one and ends in the next
 * is not broken. One thread.
 */
final class Utf8Pieces {
  private static final int LONGEST_CHARACTER = 4;

  private byte[] begun = {};

  /** The text of more tokens, up to the last whole character. */
  String text(List<TokenDetail> tokens) {
    ByteArrayOutputStream gathered = new ByteArrayOutputStream();
    gathered.writeBytes(begun);
    tokens.forEach(token -> gathered.writeBytes(token.bytes()));
    byte[] bytes = gathered.toByteArray();
    int end = wholeCharacters(bytes);
    begun = Arrays.copyOfRange(bytes, end, bytes.length);
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  private static int wholeCharacters(byte[] bytes) {
    for (int back = 1; back <= Math.min(LONGEST_CHARACTER - 1, bytes.length); back++) {
      int lead = bytes[bytes.length - back] & 0xFF;
      if ((lead & 0xC0) != 0x80) {
        int needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
        return needed > back ? bytes.length - back : bytes.length;
      }
    }
    return bytes.length;
  }
}
