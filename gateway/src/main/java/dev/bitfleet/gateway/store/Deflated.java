package dev.bitfleet.gateway.store;

import java.io.ByteArrayOutputStream;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Bytes made small: the events of an answer say nearly the same over and over. */
final class Deflated {
  private Deflated() {}

  static byte[] of(byte[] bytes) {
    try (Deflater deflater = new Deflater(Deflater.BEST_SPEED)) {
      deflater.setInput(bytes);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream(256 + bytes.length / 4);
      byte[] buffer = new byte[8192];
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      return out.toByteArray();
    }
  }

  static byte[] undone(byte[] deflated) {
    try (Inflater inflater = new Inflater()) {
      inflater.setInput(deflated);
      ByteArrayOutputStream out = new ByteArrayOutputStream(4 * deflated.length);
      byte[] buffer = new byte[8192];
      while (!inflater.finished()) {
        int length = inflater.inflate(buffer);
        if (length == 0 && inflater.needsInput()) {
          throw new IllegalStateException("deflated bytes end too early");
        }
        out.write(buffer, 0, length);
      }
      return out.toByteArray();
    } catch (DataFormatException e) {
      throw new IllegalStateException("not deflated bytes", e);
    }
  }
}
