package dev.bitfleet.gateway.dialect;

import dev.bitfleet.proto.Sampling;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the sampling fields that all dialects share. */
public final class SamplingFields {
  /** Clients write 0 for "only the likeliest"; the sampler wants a share above 0. */
  private static final double SMALLEST_SHARE = 1e-6;

  private static final long RANDOM_SEED = -1;
  private static final int ALL_TOKENS = 1 << 20;

  private SamplingFields() {}

  public static Sampling read(
      Fields fields, Map<Integer, Float> logitBias, DialectSettings settings) {
    double repeatPenalty = fields.real("repeat_penalty", "repetition_penalty");
    long seed = fields.wholeNumber("seed", RANDOM_SEED);
    int lastN = fields.integer("repeat_last_n").orElse(Sampling.DEFAULT_REPEAT_LAST_N);
    return new Sampling(
        fields.real("temperature"),
        Math.max(0, fields.integer("top_k").orElse(0)),
        Math.max(SMALLEST_SHARE, fields.real("top_p")),
        fields.real("min_p"),
        Math.max(SMALLEST_SHARE, fields.real("typical_p")),
        repeatPenalty == 0 ? 1 : repeatPenalty,
        lastN < 0 ? ALL_TOKENS : lastN,
        fields.real("presence_penalty"),
        fields.real("frequency_penalty"),
        logitBias,
        seed == RANDOM_SEED ? settings.randomSeed().getAsLong() : seed);
  }

  /** OpenAI's map, token id → bias. */
  public static Map<Integer, Float> biasMap(@Nullable JsonNode map) {
    if (map == null) {
      return Map.of();
    }
    Map<Integer, Float> biases = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      biases.put(Integer.valueOf(entry.getKey()), entry.getValue().floatValue());
    }
    return biases;
  }

  /** Caps the context of the request; 0 = the model's. */
  public static int contextLimit(Fields fields) {
    return fields.integer("ctx_size", "n_ctx").orElse(0);
  }

  /** What no dialect can do yet. */
  public static void refuseUnavailable(Fields fields) {
    fields.refuseText("grammar", "constrained output is not available.");
    fields.refuse("json_schema", "constrained output is not available.");
  }
}
