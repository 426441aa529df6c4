package dev.bitfleet.worker.lora;

import dev.bitfleet.worker.model.ModelFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An open safetensors file: eight bytes that tell the length of a JSON object, that object, and the
 * tensors' bytes without a gap. Not one byte is trusted: the header is bounded before it is read,
 * and tensors that overlap, leave holes or do not fill their shape are refused.
 *
 * <p>Source: the description of the format in Hugging Face's safetensors repository.
 */
final class Safetensors implements AutoCloseable {
  private static final long MAX_FILE_BYTES = 4L << 30;
  private static final int MAX_HEADER_BYTES = 8 << 20;
  private static final int MAX_TENSORS = 65_536;
  private static final int MAX_DIMENSIONS = 8;
  private static final int MAX_NAME_CHARACTERS = 256;
  private static final String METADATA = "__metadata__";

  private static final JsonMapper STRICT =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(16)
                          .maxNumberLength(32)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Types of elements that adapters are saved in. */
  enum Type {
    F32(4, 0, 0x7f80_0000),
    F16(2, 1, 0x7c00),
    BF16(2, 30, 0x7f80);

    private final int bytes;
    private final int gguf;
    private final int exponent;

    Type(int bytes, int gguf, int exponent) {
      this.bytes = bytes;
      this.gguf = gguf;
      this.exponent = exponent;
    }

    int bytes() {
      return bytes;
    }

    /** As GGUF files number it. */
    int gguf() {
      return gguf;
    }

    /** Whether all elements of these whole little-endian bytes are numbers. */
    boolean finite(ByteBuffer elements) {
      for (int at = elements.position(); at < elements.limit(); at += bytes) {
        int bits = bytes == 4 ? elements.getInt(at) : elements.getShort(at);
        if ((bits & exponent) == exponent) {
          return false;
        }
      }
      return true;
    }

    private static Optional<Type> named(String name) {
      return Arrays.stream(values()).filter(type -> type.name().equals(name)).findFirst();
    }
  }

  /**
   * One tensor.
   *
   * @param shape slowest dimension first
   * @param offset of its bytes in the file
   * @param bytes how many
   */
  record Tensor(String name, Type type, List<Long> shape, long offset, long bytes) {
    Tensor {
      shape = List.copyOf(shape);
    }
  }

  private final FileChannel channel;
  private final List<Tensor> tensors;

  private Safetensors(FileChannel channel, List<Tensor> tensors) {
    this.channel = channel;
    this.tensors = List.copyOf(tensors);
  }

  /**
   * Opens the file and reads its header.
   *
   * @throws ModelFileException when it is no such file, or a broken or hostile one
   * @throws IOException when it cannot be read
   */
  static Safetensors open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      return new Safetensors(channel, header(channel));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** In the order of their bytes. */
  List<Tensor> tensors() {
    return tensors;
  }

  /** Fills the buffer's remaining bytes from that offset of the file. */
  void read(long offset, ByteBuffer into) throws IOException {
    fill(channel, offset, into);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private static void fill(FileChannel channel, long offset, ByteBuffer into) throws IOException {
    long at = offset;
    while (into.hasRemaining()) {
      int read = channel.read(into, at);
      if (read < 0) {
        throw new ModelFileException("the file ends early, at byte " + at);
      }
      at += read;
    }
  }

  private static List<Tensor> header(FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < 8 || size > MAX_FILE_BYTES) {
      throw new ModelFileException(
          "the file has " + size + " bytes, not 8 to " + MAX_FILE_BYTES + " of them");
    }
    ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    fill(channel, 0, prefix);
    long length = prefix.getLong(0);
    if (length < 2 || length > MAX_HEADER_BYTES || length > size - 8) {
      throw new ModelFileException(
          "the header is said to have " + Long.toUnsignedString(length) + " bytes");
    }
    ByteBuffer json = ByteBuffer.allocate((int) length);
    fill(channel, 8, json);
    JsonNode tree;
    try {
      tree = STRICT.readTree(json.array());
    } catch (JacksonException e) {
      throw new ModelFileException("the header is not JSON: " + e.getOriginalMessage());
    }
    if (!tree.isObject() || tree.size() > MAX_TENSORS) {
      throw new ModelFileException(
          "the header is not an object of at most " + MAX_TENSORS + " tensors");
    }
    return tensors(tree, 8 + length, size);
  }

  private static List<Tensor> tensors(JsonNode header, long dataOffset, long size)
      throws ModelFileException {
    var tensors = new ArrayList<Tensor>();
    for (Map.Entry<String, JsonNode> each : header.properties()) {
      if (!each.getKey().equals(METADATA)) {
        tensors.add(tensor(each.getKey(), each.getValue(), dataOffset, size));
      }
    }
    tensors.sort(Comparator.comparingLong(Tensor::offset).thenComparingLong(Tensor::bytes));
    long end = dataOffset;
    for (Tensor each : tensors) {
      if (each.offset() != end) {
        throw new ModelFileException(
            each.offset() < end
                ? "the bytes of '" + each.name() + "' overlap those of another tensor"
                : "before '" + each.name() + "' are bytes that belong to no tensor");
      }
      end += each.bytes();
    }
    if (end != size) {
      throw new ModelFileException("its tensors end at byte " + end + ", the file at byte " + size);
    }
    return tensors;
  }

  private static Tensor tensor(String name, JsonNode node, long dataOffset, long size)
      throws ModelFileException {
    if (name.length() > MAX_NAME_CHARACTERS) {
      throw new ModelFileException(
          "a tensor's name has " + name.length() + " characters: " + name.substring(0, 64) + "…");
    }
    Type type =
        Type.named(node.path("dtype").asString(""))
            .orElseThrow(
                () -> new ModelFileException("'" + name + "' is neither F32 nor F16 nor BF16"));
    JsonNode offsets = node.path("data_offsets");
    JsonNode extents = node.path("shape");
    if (!extents.isArray() || extents.size() > MAX_DIMENSIONS) {
      throw new ModelFileException("'" + name + "' has no shape, or too long a one");
    }
    var shape = new ArrayList<Long>();
    long bytes = type.bytes();
    for (JsonNode extent : extents) {
      long value = whole(name, extent, size);
      if (value == 0 || bytes > size / value) {
        throw new ModelFileException("'" + name + "' cannot have the shape " + extents);
      }
      bytes *= value;
      shape.add(value);
    }
    if (!offsets.isArray() || offsets.size() != 2) {
      throw new ModelFileException("'" + name + "' has no data_offsets");
    }
    long begin = whole(name, offsets.get(0), size);
    long end = whole(name, offsets.get(1), size);
    if (end - begin != bytes || end > size - dataOffset) {
      throw new ModelFileException(
          "'%s' lies at %d to %d, its shape takes %d bytes, and the file has %d for all tensors"
              .formatted(name, begin, end, bytes, size - dataOffset));
    }
    return new Tensor(name, type, shape, dataOffset + begin, bytes);
  }

  private static long whole(String name, JsonNode number, long most) throws ModelFileException {
    if (!number.isIntegralNumber() || !number.canConvertToLong()) {
      throw new ModelFileException("'" + name + "' has an extent or offset that is no number");
    }
    long value = number.longValue();
    if (value < 0 || value > most) {
      throw new ModelFileException("'" + name + "' has an extent or offset of " + value);
    }
    return value;
  }
}
