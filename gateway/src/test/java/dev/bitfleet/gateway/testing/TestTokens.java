package dev.bitfleet.gateway.testing;

import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TokenDetail;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * What a {@link TestWorker} says without a model: words that are a pure function of the request.
 */
final class TestTokens {
  static final double LOGPROB = -0.5;

  private TestTokens() {}

  static String text(Prompt prompt, long seed, int tokens) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < tokens; i++) {
      text.append(word(prompt, seed, i));
    }
    return text.toString();
  }

  static String word(Prompt prompt, long seed, int i) {
    int mixed = (prompt.hashCode() * 31 + Long.hashCode(seed)) * 31 + i;
    return "w" + Integer.toUnsignedString(mixed * 0x9E3779B9, 36) + " ";
  }

  /** Ids of the first so many words of any completion. */
  static List<Integer> ids(int tokens) {
    return IntStream.range(0, tokens).map(i -> 100 + i).boxed().toList();
  }

  /** Words of a text, and {@code p<id>} for an id. */
  static List<String> ofPrompt(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Text(String text) -> List.of(text.split("(?<= )"));
      case Prompt.Tokens(List<Integer> ids) -> ids.stream().map(id -> "p" + id + " ").toList();
      case Prompt.Chat ignored -> List.of("chat");
    };
  }

  /**
   * The request's prompt with its scores; the first token has none.
   *
   * @param prefix a token put before it; empty = none
   */
  static List<TokenDetail> scoredPrompt(GenerationRequest request, String prefix) {
    List<String> texts = new ArrayList<>(ofPrompt(request.prompt()));
    if (!prefix.isEmpty()) {
      texts.addFirst(prefix);
    }
    List<TokenDetail> tokens = new ArrayList<>();
    for (String text : texts) {
      TokenDetail scored = detail(request, text, tokens.size(), LOGPROB);
      tokens.add(
          tokens.isEmpty()
              ? new TokenDetail(scored.id(), scored.bytes(), OptionalDouble.empty(), List.of())
              : scored);
    }
    return tokens;
  }

  static TokenDetail detail(GenerationRequest request, String word, int i, double logprob) {
    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
    if (request.topLogprobs().isEmpty()) {
      return new TokenDetail(100 + i, bytes, OptionalDouble.empty(), List.of());
    }
    return new TokenDetail(
        100 + i,
        bytes,
        OptionalDouble.of(logprob),
        IntStream.range(0, request.topLogprobs().getAsInt())
            .mapToObj(
                t ->
                    new TokenDetail.Alternative(
                        t, ("t" + t).getBytes(StandardCharsets.UTF_8), -0.5 - t))
            .toList());
  }
}
