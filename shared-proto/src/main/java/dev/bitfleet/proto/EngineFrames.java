package dev.bitfleet.proto;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Frames of the engine protocol: a 4-byte little-endian length, then so many bytes of one message.
 */
public final class EngineFrames {
  /** Bytes a message may have at most; a longer one means that the two sides have lost step. */
  public static final int MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

  private static final int HEADER_BYTES = Integer.BYTES;

  private EngineFrames() {}

  /**
   * The message as one frame.
   *
   * @throws IllegalArgumentException when it is longer than {@link #MAX_MESSAGE_BYTES}
   */
  public static byte[] encode(MessageLite message) {
    int length = message.getSerializedSize();
    if (length > MAX_MESSAGE_BYTES) {
      throw new IllegalArgumentException("engine message of " + length + " bytes");
    }
    byte[] frame = new byte[HEADER_BYTES + length];
    ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).putInt(length);
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(frame, HEADER_BYTES, length);
      // Canonical map order: the same command is the same bytes, which the golden files rely on.
      out.useDeterministicSerialization();
      message.writeTo(out);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new IllegalStateException("an array cannot fail to be written", e);
    }
    return frame;
  }

  /**
   * The next message's bytes; blocks until it is whole. Empty array for an empty message.
   *
   * @throws EOFException when the stream has ended, also in the middle of a frame
   * @throws IOException when the length is out of bounds or reading fails
   */
  public static byte[] read(InputStream in) throws IOException {
    DataInputStream data = new DataInputStream(in);
    int length = Integer.reverseBytes(data.readInt());
    if (length < 0 || length > MAX_MESSAGE_BYTES) {
      throw new IOException("engine frame of " + Integer.toUnsignedString(length) + " bytes");
    }
    byte[] message = new byte[length];
    data.readFully(message);
    return message;
  }
}
