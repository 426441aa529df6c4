package dev.bitfleet.worker.lora;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes LoRA adapters as GGUF version 3, little-endian.
 *
 * <p>Source: the GGUF specification of the ggml project, and the keys that llama.cpp's converter of
 * adapters writes.
 */
final class GgufAdapterWriter {
  private static final int VERSION = 3;
  private static final int ALIGNMENT = 32;
  private static final int FLOAT32 = 6;
  private static final int STRING = 8;
  private static final int KEYS = 4;

  private GgufAdapterWriter() {}

  /** Writes the bytes of one tensor. */
  @FunctionalInterface
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * One tensor.
   *
   * @param columns fastest dimension
   * @param type as GGUF numbers it
   * @param bytes that the content writes
   */
  record Tensor(String name, long columns, long rows, int type, long bytes, Content content) {}

  /** Writes all of it; the content of one tensor after the other. */
  static void write(OutputStream out, String architecture, float alpha, List<Tensor> tensors)
      throws IOException {
    var head = new Head();
    head.bytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    head.int32(VERSION);
    head.int64(tensors.size());
    head.int64(KEYS);
    head.text("general.type", "adapter");
    head.text("general.architecture", architecture);
    head.text("adapter.type", "lora");
    head.string("adapter.lora.alpha");
    head.int32(FLOAT32);
    head.int32(Float.floatToIntBits(alpha));
    long offset = 0;
    for (Tensor each : tensors) {
      head.string(each.name());
      head.int32(2);
      head.int64(each.columns());
      head.int64(each.rows());
      head.int32(each.type());
      head.int64(offset);
      offset += each.bytes() + padding(each.bytes());
    }
    out.write(head.toByteArray());
    out.write(new byte[padding(head.size())]);
    for (Tensor each : tensors) {
      each.content().writeTo(out);
      out.write(new byte[padding(each.bytes())]);
    }
  }

  private static int padding(long bytes) {
    return (int) Math.floorMod(-bytes, (long) ALIGNMENT);
  }

  private static final class Head extends ByteArrayOutputStream {
    void bytes(byte[] bytes) {
      writeBytes(bytes);
    }

    void int32(int value) {
      bytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    void int64(long value) {
      bytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }

    void string(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      int64(utf8.length);
      bytes(utf8);
    }

    void text(String key, String value) {
      string(key);
      int32(STRING);
      string(value);
    }
  }
}
