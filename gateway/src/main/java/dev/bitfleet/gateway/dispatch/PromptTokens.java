package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.proto.Prompt;
import java.util.List;
import java.util.Optional;

/** Prompts of token ids, held against the vocabulary before they cost anybody a slot. */
final class PromptTokens {
  private PromptTokens() {}

  /**
   * The first id that no token has, by its place: {@code prompt[1]}, or {@code prompt[1][0]} of
   * several prompts. What is longer than the context is not looked at: it is refused for that.
   */
  static Optional<CompletionFailure.Invalid> unknown(
      List<Prompt> prompts, int vocabulary, int context) {
    for (int i = 0; i < prompts.size(); i++) {
      if (prompts.get(i) instanceof Prompt.Tokens tokens && tokens.ids().size() <= context) {
        for (int j = 0; j < tokens.ids().size(); j++) {
          int id = tokens.ids().get(j);
          if (id < 0 || id >= vocabulary) {
            String place = "prompt" + (prompts.size() > 1 ? "[" + i + "]" : "") + "[" + j + "]";
            return Optional.of(
                new CompletionFailure.Invalid(
                    "expected a token id below " + vocabulary + ", got " + id, place));
          }
        }
      }
    }
    return Optional.empty();
  }
}
