package dev.bitfleet.gateway.completion;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import java.util.List;

/**
 * What happens to a completion. Each choice gets {@link Opened}, any number of {@link Delta}s and
 * one {@link Finished}, unless the whole completion ends with {@link Failed} first. After the last
 * choice has finished, or after {@code Failed}, nothing comes.
 */
public sealed interface CompletionEvent {

  /**
   * A worker has taken the choice. Nothing is said when another worker goes on with it. A second
   * one means that it begins anew: deltas that came before are void. That happens only while none
   * came, or with {@link Delivery#WHOLE} where nobody can go on.
   */
  record Opened(int choice, String model, String fingerprint, int promptTokens, int cachedTokens)
      implements CompletionEvent {}

  /** Tokens of a choice's prompt, in order, before its first delta. */
  record PromptScored(int choice, List<TokenDetail> tokens) implements CompletionEvent {}

  /** More of a choice's text, and the tokens it came from. */
  record Delta(int choice, String text, List<TokenDetail> tokens) implements CompletionEvent {}

  /** A choice is whole. */
  record Finished(
      int choice,
      FinishReason reason,
      String matchedStop,
      Usage usage,
      long prefillMicros,
      long decodeMicros)
      implements CompletionEvent {}

  /** The completion as a whole has failed. */
  record Failed(CompletionFailure failure) implements CompletionEvent {}
}
