package dev.bitfleet.worker.lora;

import dev.bitfleet.worker.model.ModelFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code adapter_config.json} says, as far as it changes what the adapter computes.
 *
 * @param rank of every pair of matrices
 * @param alpha such that the product is multiplied by {@code alpha / rank}; of a rank-stabilised
 *     adapter, whose factor is {@code lora_alpha / √rank}, the one that comes to the same
 */
record PeftSettings(int rank, double alpha) {
  static final int HIGHEST_RANK = 1024;
  private static final int MAX_BYTES = 1 << 20;

  /** Each makes of an adapter what no pair of matrices beside a weight can compute. */
  private static final List<String> MUST_BE_UNSET =
      List.of(
          "use_dora",
          "modules_to_save",
          "rank_pattern",
          "alpha_pattern",
          "layer_replication",
          "fan_in_fan_out",
          "lora_bias",
          "use_qalora",
          "trainable_token_indices",
          "target_parameters",
          "alora_invocation_tokens",
          "arrow_config",
          "megatron_config");

  /** Initializations that change the base model too, so that the adapter fits no published one. */
  private static final List<String> CHANGES_BASE = List.of("pissa", "olora", "loftq", "corda");

  private static final Set<String> TASKS = Set.of("", "CAUSAL_LM", "FEATURE_EXTRACTION");

  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * Reads the file.
   *
   * @throws ModelFileException naming the setting that is broken or not supported
   * @throws IOException when it cannot be read
   */
  static PeftSettings read(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new ModelFileException("adapter_config.json has more than " + MAX_BYTES + " bytes");
    }
    try {
      JsonNode tree = STRICT.readTree(bytes);
      if (!tree.isObject()) {
        throw new ModelFileException("adapter_config.json is not an object");
      }
      return of(tree);
    } catch (JacksonException e) {
      throw new ModelFileException("adapter_config.json is not JSON: " + e.getOriginalMessage());
    }
  }

  private static PeftSettings of(JsonNode tree) throws ModelFileException {
    if (!tree.path("peft_type").asString("").equals("LORA")) {
      throw new ModelFileException("peft_type is " + shown(tree.path("peft_type")) + ", not LORA");
    }
    for (String name : MUST_BE_UNSET) {
      JsonNode value = tree.path(name);
      boolean unset =
          value.isMissingNode()
              || value.isNull()
              || (value.isBoolean() && !value.booleanValue())
              || (value.isContainer() && value.isEmpty());
      if (!unset) {
        throw new ModelFileException(name + " is " + shown(value) + ", which is not supported");
      }
    }
    JsonNode bias = tree.path("bias");
    if (!bias.isMissingNode() && !bias.isNull() && !bias.asString("").equals("none")) {
      throw new ModelFileException("bias is " + shown(bias) + "; only \"none\" is supported");
    }
    if (!TASKS.contains(tree.path("task_type").asString(""))) {
      throw new ModelFileException(
          "task_type is " + shown(tree.path("task_type")) + "; such adapters add a head");
    }
    String start = tree.path("init_lora_weights").asString("").toLowerCase(Locale.ROOT);
    if (CHANGES_BASE.stream().anyMatch(start::startsWith)) {
      throw new ModelFileException(
          "init_lora_weights is " + start + ", which changes the base model as well");
    }
    targets(tree.path("target_modules"));
    return new PeftSettings(rank(tree), alpha(tree));
  }

  /** A pattern as text is for the tensors to answer. */
  private static void targets(JsonNode modules) throws ModelFileException {
    if (modules.isArray()) {
      for (JsonNode each : modules) {
        String path = each.asString("");
        if (!PeftNames.isTarget(path.substring(path.lastIndexOf('.') + 1))) {
          throw new ModelFileException(
              "target_modules has " + shown(each) + "; supported are " + PeftNames.targets());
        }
      }
    }
  }

  private static int rank(JsonNode tree) throws ModelFileException {
    JsonNode rank = tree.path("r");
    if (!rank.isIntegralNumber()
        || !rank.canConvertToInt()
        || rank.intValue() < 1
        || rank.intValue() > HIGHEST_RANK) {
      throw new ModelFileException("r is " + shown(rank) + ", not 1 to " + HIGHEST_RANK);
    }
    return rank.intValue();
  }

  private static double alpha(JsonNode tree) throws ModelFileException {
    JsonNode said = tree.path("lora_alpha");
    double alpha = said.isNumber() ? said.doubleValue() : Double.NaN;
    JsonNode stabilised = tree.path("use_rslora");
    if (!stabilised.isMissingNode() && !stabilised.isNull() && !stabilised.isBoolean()) {
      throw new ModelFileException("use_rslora is " + shown(stabilised));
    }
    if (stabilised.isBoolean() && stabilised.booleanValue()) {
      alpha *= Math.sqrt(rank(tree));
    }
    // In a GGUF adapter an alpha of 0 means that there is none, and the factor 1.
    if (!Float.isFinite((float) alpha) || (float) alpha == 0) {
      throw new ModelFileException("lora_alpha is " + shown(said));
    }
    return alpha;
  }

  private static String shown(JsonNode value) {
    String text = value.isMissingNode() ? "missing" : value.toString();
    return text.length() > 100 ? text.substring(0, 100) + "…" : text;
  }
}
