package dev.bitfleet.proto;

/**
 * Tokens a stream cost.
 *
 * @param cachedTokens prompt tokens that needed no computing
 * @param completionTokens drawn tokens, an end token included
 */
public record Usage(int promptTokens, int cachedTokens, int completionTokens) {
  public Usage {
    if (promptTokens < 0 || cachedTokens < 0 || completionTokens < 0) {
      throw new IllegalArgumentException("a token count is negative");
    }
  }

  public int totalTokens() {
    return promptTokens + completionTokens;
  }
}
