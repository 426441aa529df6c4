package dev.bitfleet.app.bench;

import dev.bitfleet.worker.model.GgufMetadata;
import java.util.Optional;
import java.util.Set;

/**
 * How many weights a token needs.
 *
 * @param ternary weights of the ternary matrices
 * @param head weights of the output head, which is the token embedding where the file has no other
 */
public record WeightCount(long ternary, long head) {
  /** I2_S, TQ1_0, TQ2_0. */
  private static final Set<Integer> TERNARY = Set.of(36, 34, 35);

  private static final double LEAST_BYTES_OF_A_TERNARY_WEIGHT = 0.2; // five to a byte
  private static final double BYTES_OF_A_HEAD_WEIGHT = 1;

  /** Counts; empty for a model with no ternary matrices. */
  public static Optional<WeightCount> of(GgufMetadata model) {
    long ternary = 0;
    long embedding = 0;
    long output = 0;
    for (GgufMetadata.Tensor tensor : model.tensors()) {
      if (TERNARY.contains(tensor.type())) {
        ternary += tensor.elements();
      } else if (tensor.name().equals("token_embd.weight")) {
        embedding = tensor.elements();
      } else if (tensor.name().equals("output.weight")) {
        output = tensor.elements();
      }
    }
    return ternary == 0
        ? Optional.empty()
        : Optional.of(new WeightCount(ternary, output == 0 ? embedding : output));
  }

  /** Bytes that must come from memory for one token, with weights packed as closely as they go. */
  double leastBytesPerToken() {
    return ternary * LEAST_BYTES_OF_A_TERNARY_WEIGHT + head * BYTES_OF_A_HEAD_WEIGHT;
  }
}
