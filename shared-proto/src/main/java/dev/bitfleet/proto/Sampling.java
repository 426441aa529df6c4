package dev.bitfleet.proto;

import java.util.Map;

/**
 * How the next token is drawn. Applied in this order: penalties and bias, top-k, typical, top-p,
 * min-p, temperature.
 *
 * @param temperature 0 (greedy) to 2
 * @param topK 0 = off
 * @param topP (0, 1]; 1 = off
 * @param minP [0, 1]; 0 = off
 * @param typicalP (0, 1]; 1 = off
 * @param repeatPenalty above 0; 1 = off
 * @param repeatLastN tokens the three penalties look back on; 0 = none
 * @param presencePenalty −2 to 2
 * @param frequencyPenalty −2 to 2
 * @param logitBias token id → −100 to 100
 * @param seed with a token's index it fixes the random number that token is drawn with; all 64 bits
 *     count
 */
public record Sampling(
    double temperature,
    int topK,
    double topP,
    double minP,
    double typicalP,
    double repeatPenalty,
    int repeatLastN,
    double presencePenalty,
    double frequencyPenalty,
    Map<Integer, Float> logitBias,
    long seed) {

  /** Tokens the penalties look back on when the caller does not say. */
  public static final int DEFAULT_REPEAT_LAST_N = 64;

  public Sampling {
    logitBias = Map.copyOf(logitBias);
    within("temperature", temperature, 0, 2);
    atLeastZero("topK", topK);
    within("topP", topP, Double.MIN_VALUE, 1);
    within("minP", minP, 0, 1);
    within("typicalP", typicalP, Double.MIN_VALUE, 1);
    within("repeatPenalty", repeatPenalty, Double.MIN_VALUE, Float.MAX_VALUE);
    atLeastZero("repeatLastN", repeatLastN);
    within("presencePenalty", presencePenalty, -2, 2);
    within("frequencyPenalty", frequencyPenalty, -2, 2);
    logitBias.forEach(
        (id, bias) -> {
          atLeastZero("logitBias", id);
          within("logitBias", bias, -100, 100);
        });
  }

  /** Always the likeliest token. */
  public static Sampling greedy() {
    return new Sampling(0, 0, 1, 0, 1, 1, DEFAULT_REPEAT_LAST_N, 0, 0, Map.of(), 0);
  }

  private static void within(String name, double value, double low, double high) {
    // Written so that NaN fails too.
    if (!(value >= low && value <= high)) {
      throw new IllegalArgumentException(
          name + " is " + value + ", not within " + low + ".." + high);
    }
  }

  private static void atLeastZero(String name, int value) {
    if (value < 0) {
      throw new IllegalArgumentException(name + " is negative: " + value);
    }
  }
}
