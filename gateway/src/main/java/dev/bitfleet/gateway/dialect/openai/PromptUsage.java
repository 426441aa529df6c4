package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.proto.Usage;

/**
 * Adds up what the choices of one request cost. A prompt counts once, whatever its number of
 * choices; of those, only the first may have computed it.
 */
final class PromptUsage {
  private final int choicesPerPrompt;
  private long promptTokens;
  private long cachedTokens;
  private long completionTokens;

  PromptUsage(int choicesPerPrompt) {
    this.choicesPerPrompt = choicesPerPrompt;
  }

  void add(int choice, Usage usage) {
    if (choice % choicesPerPrompt == 0) {
      promptTokens += usage.promptTokens();
      cachedTokens += usage.cachedTokens();
    }
    completionTokens += usage.completionTokens();
  }

  void write(JsonBytes out) {
    out.raw("{\"prompt_tokens\":")
        .number(promptTokens)
        .raw(",\"completion_tokens\":")
        .number(completionTokens)
        .raw(",\"total_tokens\":")
        .number(promptTokens + completionTokens)
        .raw(",\"cached_tokens\":")
        .number(cachedTokens)
        .raw(",\"prompt_tokens_details\":{\"cached_tokens\":")
        .number(cachedTokens)
        .raw(
            ",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,"
                + "\"audio_tokens\":0,\"accepted_prediction_tokens\":0,"
                + "\"rejected_prediction_tokens\":0}}");
  }
}
