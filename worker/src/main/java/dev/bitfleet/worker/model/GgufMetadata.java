package dev.bitfleet.worker.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The key-value part of a GGUF file (versions 2 and 3, little-endian), of which only the keys that
 * a worker reads are kept; tensors are the engine's business. Not one byte is trusted: every length
 * is bounded before anything is allocated for it, and duplicate keys, unknown types and a cut file
 * are errors that name their offset.
 *
 * <p>Source: the GGUF specification of the ggml project.
 */
public final class GgufMetadata {
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int MAX_KEYS = 65_536;
  private static final int MAX_TENSORS = 65_536;
  private static final int MAX_DIMENSIONS = 4;
  private static final int MAX_KEY_BYTES = 65_535;
  private static final int MAX_TEXT_BYTES = 8 * 1024 * 1024;
  private static final int MAX_ARRAY_LENGTH = 4 * 1024 * 1024;
  private static final long MAX_METADATA_BYTES = 512L * 1024 * 1024;
  // Arrays of other things (merges, scores) are passed over; these are what a worker looks into.
  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String TOKEN_TYPES = "tokenizer.ggml.token_type";
  private static final Set<String> KEPT =
      Set.of(
          "general.architecture",
          "general.name",
          "general.type",
          "general.license",
          "adapter.type",
          "tokenizer.chat_template",
          "tokenizer.ggml.bos_token_id",
          "tokenizer.ggml.eos_token_id",
          "tokenizer.ggml.eot_token_id",
          "tokenizer.ggml.eom_token_id");

  /** Preceded by the architecture, which the file may tell later. */
  private static final List<String> KEPT_ENDINGS =
      List.of(
          ".context_length",
          ".embedding_length",
          ".block_count",
          ".attention.head_count",
          ".attention.head_count_kv");

  /** A vocabulary of 256 Ki tokens takes less than half of this. */
  private static final long MAX_RETAINED_BYTES = 64L * 1024 * 1024;

  // Of an object and its place in a list or set.
  private static final int STRING_BYTES = 64;
  private static final int NUMBER_BYTES = 24;

  private final Map<String, Object> values;
  private final List<String> tokens;
  private final List<Integer> tokenTypes;
  private final List<Tensor> tensors;

  /**
   * What the file says of one tensor.
   *
   * @param type as the file numbers it
   */
  public record Tensor(String name, long elements, int type) {}

  private GgufMetadata(
      Map<String, Object> values,
      List<String> tokens,
      List<Integer> tokenTypes,
      List<Tensor> tensors) {
    this.values = values;
    this.tokens = tokens;
    this.tokenTypes = tokenTypes;
    this.tensors = tensors;
  }

  /**
   * Reads the metadata of that file.
   *
   * @throws ModelFileException when it is no GGUF file, or a broken or hostile one
   * @throws IOException when it cannot be read
   */
  public static GgufMetadata read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return new Parser(channel).parse(false);
    }
  }

  /** The same with {@link #tensors}, which only a listing asks for. */
  public static GgufMetadata readWithTensors(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return new Parser(channel).parse(true);
    }
  }

  /** Text under that key; empty when absent or of another type. */
  public Optional<String> text(String key) {
    return values.get(key) instanceof String text ? Optional.of(text) : Optional.empty();
  }

  /** Integer under that key, whatever its width; empty when absent or of another type. */
  public OptionalLong integer(String key) {
    return values.get(key) instanceof Long number ? OptionalLong.of(number) : OptionalLong.empty();
  }

  /** Truth value under that key; empty when absent or of another type. */
  public Optional<Boolean> flag(String key) {
    return values.get(key) instanceof Boolean flag ? Optional.of(flag) : Optional.empty();
  }

  /** Texts of all tokens by id, as the file writes them; empty when it has none. */
  public List<String> tokens() {
    return tokens;
  }

  /** Types of all tokens by id, as the file numbers them; empty when it has none. */
  public List<Integer> tokenTypes() {
    return tokenTypes;
  }

  /** In the file's order; empty unless read with them. */
  public List<Tensor> tensors() {
    return tensors;
  }

  private static final class Parser {
    private final FileChannel channel;
    private final ByteBuffer window =
        ByteBuffer.allocate(256 * 1024).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private long windowEnd; // file offset of window's limit
    private long retained; // bytes of memory, rounded up
    private List<String> tokens = List.of();
    private List<Integer> tokenTypes = List.of();

    Parser(FileChannel channel) {
      this.channel = channel;
    }

    GgufMetadata parse(boolean withTensors) throws IOException {
      if (int32("magic") != MAGIC) {
        throw new ModelFileException("not a GGUF file: it does not begin with \"GGUF\"");
      }
      int version = int32("version");
      if (version != 2 && version != 3) {
        throw new ModelFileException(
            "GGUF version "
                + Integer.toUnsignedString(version)
                + " is not supported (2 and 3 are)");
      }
      long tensorCount = int64("tensor count");
      long count = int64("key count");
      if (count < 0 || count > MAX_KEYS) {
        throw at("key count is " + Long.toUnsignedString(count));
      }
      Map<String, Object> values = new HashMap<>();
      Set<String> seen = new HashSet<>();
      for (long i = 0; i < count; i++) {
        String key = text("key", MAX_KEY_BYTES);
        Object value = value(key, int32("type of " + key));
        if (!seen.add(key)) {
          throw at("key appears twice: " + key);
        }
        if (kept(key)) {
          values.put(key, value);
        }
      }
      return new GgufMetadata(
          Map.copyOf(values),
          List.copyOf(tokens),
          List.copyOf(tokenTypes),
          withTensors ? tensors(tensorCount) : List.of());
    }

    private List<Tensor> tensors(long count) throws IOException {
      if (count < 0 || count > MAX_TENSORS) {
        throw at("tensor count is " + Long.toUnsignedString(count));
      }
      List<Tensor> read = new ArrayList<>();
      for (long i = 0; i < count; i++) {
        String name = text("name of a tensor", MAX_KEY_BYTES);
        int dimensions = int32("dimensions of " + name);
        if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
          throw at(name + " has " + Integer.toUnsignedString(dimensions) + " dimensions");
        }
        long elements = 1;
        for (int d = 0; d < dimensions; d++) {
          long extent = int64("extent of " + name);
          if (extent < 1 || elements > Long.MAX_VALUE / extent) {
            throw at(name + " has an extent of " + Long.toUnsignedString(extent));
          }
          elements *= extent;
        }
        read.add(new Tensor(name, elements, int32("type of " + name)));
        int64("offset of " + name);
      }
      return List.copyOf(read);
    }

    private static boolean kept(String key) {
      return KEPT.contains(key) || KEPT_ENDINGS.stream().anyMatch(key::endsWith);
    }

    /**
     * Integers become Long, fractions Double; an array leaves only its length behind, as does text
     * that nobody asks for.
     */
    private Object value(String key, int type) throws IOException {
      return switch (type) {
        case 0 -> (long) (int8(key) & 0xff);
        case 1 -> (long) int8(key);
        case 2 -> (long) (int16(key) & 0xffff);
        case 3 -> (long) int16(key);
        case 4 -> int32(key) & 0xffffffffL;
        case 5 -> (long) int32(key);
        case 6 -> (double) Float.intBitsToFloat(int32(key));
        case 7 -> {
          int truth = int8(key);
          if (truth != 0 && truth != 1) {
            throw at(key + " is a truth value of " + truth);
          }
          yield truth == 1;
        }
        case 8 -> {
          if (kept(key)) {
            yield text(key, MAX_TEXT_BYTES);
          }
          int length = length(key, MAX_TEXT_BYTES);
          skip(key, length);
          yield length;
        }
        case 9 -> array(key);
        case 10, 11 -> int64(key);
        case 12 -> Double.longBitsToDouble(int64(key));
        default -> throw at(key + " has the unknown type " + Integer.toUnsignedString(type));
      };
    }

    private int array(String key) throws IOException {
      int type = int32("element type of " + key);
      long length = int64("length of " + key);
      if (length < 0 || length > MAX_ARRAY_LENGTH) {
        throw at(key + " has " + Long.toUnsignedString(length) + " elements");
      }
      if (type == 9) {
        throw at(key + " is an array of arrays");
      }
      List<String> texts = key.equals(TOKENS) && type == 8 ? new ArrayList<>() : null;
      List<Integer> types =
          key.equals(TOKEN_TYPES) && (type == 4 || type == 5) ? new ArrayList<>() : null;
      for (long i = 0; i < length; i++) {
        if (texts != null) {
          texts.add(text(key, MAX_KEY_BYTES));
        } else if (types != null) {
          retain(key, NUMBER_BYTES);
          types.add(int32(key));
        } else if (type == 8) {
          skip(key, length(key, MAX_TEXT_BYTES));
        } else {
          skip(key, width(key, type));
        }
      }
      tokens = texts != null ? texts : tokens;
      tokenTypes = types != null ? types : tokenTypes;
      return (int) length;
    }

    private int width(String key, int type) throws IOException {
      return switch (type) {
        case 0, 1, 7 -> 1;
        case 2, 3 -> 2;
        case 4, 5, 6 -> 4;
        case 10, 11, 12 -> 8;
        default -> throw at(key + " has elements of the unknown type " + type);
      };
    }

    private String text(String what, int maxBytes) throws IOException {
      int length = length(what, maxBytes);
      retain(what, STRING_BYTES + 2L * length); // A byte becomes one UTF-16 unit at most.
      byte[] bytes = new byte[length];
      for (int done = 0; done < bytes.length; ) {
        need(what, 1);
        int part = Math.min(window.remaining(), bytes.length - done);
        window.get(bytes, done, part);
        done += part;
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }

    private void retain(String what, long bytes) throws ModelFileException {
      retained += bytes;
      if (retained > MAX_RETAINED_BYTES) {
        throw at("the metadata takes more than " + MAX_RETAINED_BYTES + " bytes at " + what);
      }
    }

    private int length(String what, int maxBytes) throws IOException {
      long length = int64("length of " + what);
      if (length < 0 || length > maxBytes) {
        throw at(what + " is " + Long.toUnsignedString(length) + " bytes long");
      }
      return (int) length;
    }

    private byte int8(String what) throws IOException {
      need(what, 1);
      return window.get();
    }

    private short int16(String what) throws IOException {
      need(what, 2);
      return window.getShort();
    }

    private int int32(String what) throws IOException {
      need(what, 4);
      return window.getInt();
    }

    private long int64(String what) throws IOException {
      need(what, 8);
      return window.getLong();
    }

    private void skip(String what, int bytes) throws IOException {
      for (int left = bytes; left > 0; ) {
        need(what, 1);
        int part = Math.min(window.remaining(), left);
        window.position(window.position() + part);
        left -= part;
      }
    }

    /** Makes at least {@code bytes} (8 at most) available in the window. */
    private void need(String what, int bytes) throws IOException {
      while (window.remaining() < bytes) {
        window.compact();
        int n = channel.read(window);
        window.flip();
        if (n < 0) {
          throw at("the file ends inside " + what);
        }
        windowEnd += n;
        if (windowEnd - window.remaining() > MAX_METADATA_BYTES) {
          throw at("the metadata is longer than " + MAX_METADATA_BYTES + " bytes");
        }
      }
    }

    private ModelFileException at(String problem) {
      return new ModelFileException(problem + " (offset " + (windowEnd - window.remaining()) + ")");
    }
  }
}
