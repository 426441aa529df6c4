package dev.bitfleet.worker.lora;

import dev.bitfleet.worker.files.WholeFile;
import dev.bitfleet.worker.home.AdapterFolder;
import dev.bitfleet.worker.model.GgufMetadata;
import dev.bitfleet.worker.model.ModelFileException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a GGUF adapter of a PEFT folder. The numbers stay as they are, to the bit; only their order
 * changes where the model's own converter changed it.
 *
 * <p>RoPE turns pairs of elements of a head. PEFT's models have them half a head apart; models of
 * the architecture {@code llama} are written to GGUF with the rows of q and k in another order, so
 * that pairs are neighbours. What an adapter adds to these rows must take the same places: rows of
 * q's and k's B are reordered as the model's were. No other architecture known here does that.
 */
public final class PeftConversion {
  private static final Set<String> PAIRS_APART =
      Set.of("bitnet-b1.58", "bitnet-25", "bitnet", "qwen3");
  private static final String NEIGHBOURS = "llama";

  private static final int CHUNK_BYTES = 1 << 20;
  private static final long MAX_HEAD_BYTES = 16 << 20;
  private static final int NAME_DIGITS = 32;

  private final String architecture;
  private final GgufMetadata model;
  private final PeftSettings settings;
  private final Safetensors weights;

  private PeftConversion(
      String architecture, GgufMetadata model, PeftSettings settings, Safetensors weights) {
    this.architecture = architecture;
    this.model = model;
    this.settings = settings;
    this.weights = weights;
  }

  /**
   * Converts, into the folder {@code adapters} of the data folder. The file is named by its
   * checksum and appears whole or not at all; the same adapter for the same model gives the same
   * file. Blocks; reads every byte of the adapter.
   *
   * @param folder as {@link AdapterFolder} has it
   * @param model GGUF that the adapter is for
   * @return the GGUF adapter
   * @throws ModelFileException naming what is broken or not supported
   * @throws IOException when something cannot be read or written
   */
  public static Path convert(Path folder, Path model, Path dataDir) throws IOException {
    GgufMetadata metadata = GgufMetadata.read(model);
    String architecture = metadata.text("general.architecture").orElse("");
    if (!architecture.equals(NEIGHBOURS) && !PAIRS_APART.contains(architecture)) {
      throw new ModelFileException(
          "PEFT adapters for the architecture '" + architecture + "' are not supported");
    }
    PeftSettings settings = PeftSettings.read(folder.resolve(AdapterFolder.CONFIGURATION));
    try (Safetensors weights = Safetensors.open(folder.resolve(AdapterFolder.WEIGHTS))) {
      var conversion = new PeftConversion(architecture, metadata, settings, weights);
      // In the place of one that is there: it has the same bytes, or had them.
      return WholeFile.put(
          dataDir.resolve("adapters"),
          partial -> conversion.write(partial).substring(0, NAME_DIGITS) + ".gguf");
    }
  }

  private static final class Pair {
    private Safetensors.@Nullable Tensor first;
    private Safetensors.@Nullable Tensor second;
  }

  private String write(Path file) throws IOException {
    List<GgufAdapterWriter.Tensor> tensors = tensors();
    MessageDigest digest = sha256();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      OutputStream out =
          new BufferedOutputStream(
              new DigestOutputStream(Channels.newOutputStream(channel), digest), CHUNK_BYTES);
      GgufAdapterWriter.write(out, architecture, (float) settings.alpha(), tensors);
      out.flush();
      // Renamed before its bytes are on the disk, it could be empty after a power cut.
      channel.force(true);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private List<GgufAdapterWriter.Tensor> tensors() throws ModelFileException {
    var pairs = new TreeMap<String, Pair>();
    for (Safetensors.Tensor each : weights.tensors()) {
      PeftNames.Half half = PeftNames.half(each.name());
      if (each.shape().size() != 2) {
        throw new ModelFileException("'" + each.name() + "' is no matrix");
      }
      long rank = each.shape().get(half.second() ? 1 : 0);
      if (rank != settings.rank()) {
        throw new ModelFileException(
            "'%s' has the shape %s, which does not fit r = %d"
                .formatted(each.name(), each.shape(), settings.rank()));
      }
      Pair pair = pairs.computeIfAbsent(half.matrix(), ignored -> new Pair());
      if (half.second()) {
        pair.second = each;
      } else {
        pair.first = each;
      }
    }
    if (pairs.isEmpty()) {
      throw new ModelFileException("the adapter has no tensors");
    }
    var tensors = new ArrayList<GgufAdapterWriter.Tensor>();
    for (Map.Entry<String, Pair> each : pairs.entrySet()) {
      Safetensors.Tensor first = each.getValue().first;
      Safetensors.Tensor second = each.getValue().second;
      if (first == null || second == null) {
        throw new ModelFileException(
            "'%s' has no %s beside it"
                .formatted(
                    first == null && second != null ? second.name() : nameOf(first),
                    first == null ? "lora_A" : "lora_B"));
      }
      tensors.add(tensor(first));
      tensors.add(tensor(second));
    }
    return tensors;
  }

  private static String nameOf(Safetensors.@Nullable Tensor tensor) {
    return tensor == null ? "" : tensor.name();
  }

  private GgufAdapterWriter.Tensor tensor(Safetensors.Tensor tensor) throws ModelFileException {
    PeftNames.Half half = PeftNames.half(tensor.name());
    GgufAdapterWriter.Content content = out -> copy(tensor, out);
    if (half.second() && architecture.equals(NEIGHBOURS)) {
      switch (half.target()) {
        case "attn_q" -> content = reordered(tensor, ".attention.head_count");
        case "attn_k" -> content = reordered(tensor, ".attention.head_count_kv");
        default -> {}
      }
    }
    return new GgufAdapterWriter.Tensor(
        half.gguf(),
        tensor.shape().get(1),
        tensor.shape().get(0),
        tensor.type().gguf(),
        tensor.bytes(),
        content);
  }

  private void copy(Safetensors.Tensor tensor, OutputStream out) throws IOException {
    // Whole elements, as their width divides it.
    var chunk = buffer((int) Math.min(CHUNK_BYTES, tensor.bytes()));
    for (long done = 0; done < tensor.bytes(); done += chunk.limit()) {
      chunk.clear().limit((int) Math.min(chunk.capacity(), tensor.bytes() - done));
      fill(tensor, done, chunk);
      out.write(chunk.array(), 0, chunk.limit());
    }
  }

  /** Row j and row n/2 + j of each head of n rows become rows 2j and 2j + 1. */
  private GgufAdapterWriter.Content reordered(Safetensors.Tensor tensor, String headCount)
      throws ModelFileException {
    OptionalLong said = model.integer(architecture + headCount);
    if (said.isEmpty() && headCount.endsWith("_kv")) {
      said = model.integer(architecture + ".attention.head_count");
    }
    long heads = said.orElse(0);
    long rows = tensor.shape().get(0);
    if (heads < 1 || heads > rows || rows % (2 * heads) != 0) {
      throw new ModelFileException(
          "'%s' has %d rows, which are no heads of the model, which has %d"
              .formatted(tensor.name(), rows, heads));
    }
    long headBytes = tensor.bytes() / heads;
    if (headBytes > MAX_HEAD_BYTES) {
      throw new ModelFileException("'" + tensor.name() + "' has heads of " + headBytes + " bytes");
    }
    int half = (int) (rows / heads / 2);
    int rowBytes = (int) (tensor.bytes() / rows);
    return out -> {
      ByteBuffer head = buffer((int) headBytes);
      for (long each = 0; each < heads; each++) {
        fill(tensor, each * headBytes, head.clear());
        for (int j = 0; j < half; j++) {
          out.write(head.array(), j * rowBytes, rowBytes);
          out.write(head.array(), (half + j) * rowBytes, rowBytes);
        }
      }
    };
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void fill(Safetensors.Tensor tensor, long from, ByteBuffer into) throws IOException {
    weights.read(tensor.offset() + from, into);
    into.flip();
    if (!tensor.type().finite(into)) {
      throw new ModelFileException("'" + tensor.name() + "' holds what is not a finite number");
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
