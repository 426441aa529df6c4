package dev.bitfleet.app.simulation;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.SplitMix64;

/** What a simulated engine says: a pure function of prompt, seed and place. */
record Tokens(String prompt, long seed, int maxTokens) {
  /** Prompts that begin so are answered at length. */
  static final String LONG = "long ";

  /** The answer to those outlasts everybody: who asks has to leave. */
  static final String ENDLESS = "endless ";

  /** A prompt that begins so kills the engine that computes it. */
  static final String POISON = "poison ";

  private static final int LONG_LENGTH = 300;
  private static final int LONGEST = 24;

  int id(int place) {
    return (int) (SplitMix64.at(prompt.hashCode() * 31L + seed, place) >>> 50);
  }

  String text(int place) {
    return "t" + id(place) + " ";
  }

  private int naturalLength() {
    if (prompt.startsWith(ENDLESS)) {
      return SimulatedEngine.CONTEXT;
    }
    return prompt.startsWith(LONG)
        ? LONG_LENGTH
        : 1 + (int) (SplitMix64.at(prompt.hashCode(), seed) >>> 40) % LONGEST;
  }

  /** How many it says. */
  int length() {
    return maxTokens == 0 ? naturalLength() : Math.min(maxTokens, naturalLength());
  }

  FinishReason reason() {
    return maxTokens != 0 && maxTokens <= naturalLength()
        ? FinishReason.LENGTH
        : FinishReason.STOP_TOKEN;
  }

  /** Tokens drawn, the one that ends it included. */
  int drawn() {
    return reason() == FinishReason.STOP_TOKEN ? length() + 1 : length();
  }

  int promptTokens() {
    return prompt.length() / 4 + 1;
  }
}
