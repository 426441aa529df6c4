package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.dialect.fields.Fields;
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

  /** How tokens are drawn. */
  public static Sampling read(
      Fields fields, Map<Integer, Float> logitBias, DialectSettings settings) {
    double repeatPenalty = fields.real("repeat_penalty", "repetition_penalty");
    long seed = fields.wholeNumber("seed", RANDOM_SEED);
    int lastN = fields.integer("repeat_last_n").orElse(Sampling.DEFAULT_REPEAT_LAST_N);
    SamplerList samplers = SamplerList.read(fields.given("samplers"));
    boolean penalties = samplers.has(SamplerList.PENALTIES);
    return new Sampling(
        samplers.has(SamplerList.TEMPERATURE) ? fields.real("temperature") : 1,
        samplers.has(SamplerList.TOP_K) ? Math.max(0, fields.integer("top_k").orElse(0)) : 0,
        samplers.has(SamplerList.TOP_P) ? Math.max(SMALLEST_SHARE, fields.real("top_p")) : 1,
        samplers.has(SamplerList.MIN_P) ? fields.real("min_p") : 0,
        samplers.has(SamplerList.TYPICAL_P)
            ? Math.max(SMALLEST_SHARE, fields.real("typical_p"))
            : 1,
        repeatPenalty == 0 || !penalties ? 1 : repeatPenalty,
        lastN < 0 ? ALL_TOKENS : lastN,
        penalties ? fields.real("presence_penalty") : 0,
        penalties ? fields.real("frequency_penalty") : 0,
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
}
