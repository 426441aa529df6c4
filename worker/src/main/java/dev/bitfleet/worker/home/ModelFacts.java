package dev.bitfleet.worker.home;

import dev.bitfleet.worker.model.GgufMetadata;
import dev.bitfleet.worker.model.ModelFileException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a model file says of itself.
 *
 * @param kind model or adapter
 * @param quantization the type most weights are in, as ggml spells it
 * @param parameters weights in the file
 * @param contextLength the model was trained for
 * @param licence empty when the file does not say
 */
public record ModelFacts(
    Kind kind,
    String architecture,
    String quantization,
    long parameters,
    OptionalLong contextLength,
    Optional<String> licence) {

  /** What the file can be used as. */
  public enum Kind {
    MODEL,
    ADAPTER
  }

  private static final Map<Integer, String> TYPES =
      Map.ofEntries(
          Map.entry(0, "F32"),
          Map.entry(1, "F16"),
          Map.entry(2, "Q4_0"),
          Map.entry(3, "Q4_1"),
          Map.entry(6, "Q5_0"),
          Map.entry(7, "Q5_1"),
          Map.entry(8, "Q8_0"),
          Map.entry(10, "Q2_K"),
          Map.entry(11, "Q3_K"),
          Map.entry(12, "Q4_K"),
          Map.entry(13, "Q5_K"),
          Map.entry(14, "Q6_K"),
          Map.entry(16, "IQ2_XXS"),
          Map.entry(18, "IQ3_XXS"),
          Map.entry(19, "IQ1_S"),
          Map.entry(20, "IQ4_NL"),
          Map.entry(21, "IQ3_S"),
          Map.entry(22, "IQ2_S"),
          Map.entry(23, "IQ4_XS"),
          Map.entry(29, "IQ1_M"),
          Map.entry(30, "BF16"),
          Map.entry(34, "TQ1_0"),
          Map.entry(35, "TQ2_0"),
          Map.entry(36, "I2_S"));

  /**
   * Reads the file's head.
   *
   * @throws ModelFileException when it is broken or no model
   * @throws IOException when it cannot be read
   */
  public static ModelFacts read(Path file) throws IOException {
    GgufMetadata metadata = GgufMetadata.readWithTensors(file);
    String architecture =
        metadata
            .text("general.architecture")
            .orElseThrow(() -> new ModelFileException("general.architecture is missing"));
    List<GgufMetadata.Tensor> tensors = metadata.tensors();
    return new ModelFacts(
        metadata.text("general.type").orElse("model").equals("adapter") ? Kind.ADAPTER : Kind.MODEL,
        architecture,
        quantization(tensors),
        tensors.stream().mapToLong(GgufMetadata.Tensor::elements).sum(),
        metadata.integer(architecture + ".context_length"),
        metadata.text("general.license"));
  }

  /** Embeddings are often kept finer than the rest, and outweigh it in small models. */
  private static String quantization(List<GgufMetadata.Tensor> tensors) {
    List<GgufMetadata.Tensor> blocks =
        tensors.stream().filter(tensor -> tensor.name().startsWith("blk.")).toList();
    var elements = new HashMap<Integer, Long>();
    for (GgufMetadata.Tensor each : blocks.isEmpty() ? tensors : blocks) {
      elements.merge(each.type(), each.elements(), Long::sum);
    }
    return elements.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(most -> TYPES.getOrDefault(most.getKey(), "type " + most.getKey()))
        .orElse("none");
  }
}
