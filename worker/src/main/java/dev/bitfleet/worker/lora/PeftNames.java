package dev.bitfleet.worker.lora;

import dev.bitfleet.worker.model.ModelFileException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What PEFT's tensors are called in GGUF files. */
final class PeftNames {
  private static final Map<String, String> ATTENTION =
      Map.of(
          "q_proj", "attn_q",
          "k_proj", "attn_k",
          "v_proj", "attn_v",
          "o_proj", "attn_output");

  private static final Map<String, String> FEED_FORWARD =
      Map.of(
          "gate_proj", "ffn_gate",
          "up_proj", "ffn_up",
          "down_proj", "ffn_down");

  private static final Pattern NAME =
      Pattern.compile(
          "base_model\\.model\\.model\\.layers\\.(0|[1-9][0-9]{0,3})\\."
              + "(self_attn|mlp)\\.([a-z]+_proj)\\.lora_([AB])\\.weight");

  private PeftNames() {}

  /**
   * One of the two matrices of a pair.
   *
   * @param matrix of the model, such as {@code blk.0.attn_q.weight}
   * @param target its last part, such as {@code attn_q}
   * @param second whether it is B, which makes outputs; A reads inputs
   */
  record Half(String matrix, String target, boolean second) {
    /** As adapter files of llama.cpp name it. */
    String gguf() {
      return matrix + (second ? ".lora_b" : ".lora_a");
    }
  }

  /**
   * What that tensor is.
   *
   * @throws ModelFileException when it is none that a model here has a place for
   */
  static Half half(String name) throws ModelFileException {
    Matcher parts = NAME.matcher(name);
    if (parts.matches()) {
      Map<String, String> group = parts.group(2).equals("mlp") ? FEED_FORWARD : ATTENTION;
      String target = group.get(parts.group(3));
      if (target != null) {
        return new Half(
            "blk." + parts.group(1) + "." + target + ".weight", target, parts.group(4).equals("B"));
      }
    }
    throw new ModelFileException(
        "the tensor '"
            + name
            + "' is not supported: neither lora_A nor lora_B of one of "
            + targets()
            + " of a layer");
  }

  static boolean isTarget(String module) {
    return ATTENTION.containsKey(module) || FEED_FORWARD.containsKey(module);
  }

  static List<String> targets() {
    return java.util.stream.Stream.concat(
            ATTENTION.keySet().stream(), FEED_FORWARD.keySet().stream())
        .sorted()
        .toList();
  }
}
