package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/** One event of a stream. Numbers run from 0 without a gap; a {@link Terminal} is the last. */
public sealed interface GenerationEvent {

  String streamId();

  /** 0, 1, 2 … within the stream. */
  int number();

  /** The event after which nothing comes. */
  sealed interface Terminal extends GenerationEvent {}

  /**
   * More of the completion.
   *
   * @param text whole UTF-8, may be empty
   * @param tokens the tokens this text came from; none from an engine that does not name them
   * @param shortened under a grammar: the limit of tokens has had a hand in the text so far
   */
  record Delta(
      String streamId, int number, String text, List<TokenDetail> tokens, boolean shortened)
      implements GenerationEvent {
    public Delta {
      Objects.requireNonNull(streamId);
      Objects.requireNonNull(text);
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * Tokens of the prompt, before the first delta, when {@link PromptScoring} asked for them.
   * Several in order make up the prompt; its first token has no logprob.
   */
  record PromptScored(String streamId, int number, List<TokenDetail> tokens)
      implements GenerationEvent {
    public PromptScored {
      Objects.requireNonNull(streamId);
      tokens = List.copyOf(tokens);
    }
  }

  /** The completion is whole. */
  record Finished(
      String streamId,
      int number,
      FinishReason reason,
      String matchedStop,
      Usage usage,
      long prefillMicros,
      long decodeMicros)
      implements Terminal {
    public Finished {
      Objects.requireNonNull(streamId);
      Objects.requireNonNull(reason);
      Objects.requireNonNull(matchedStop);
      Objects.requireNonNull(usage);
    }
  }

  /** The completion broke off. */
  record Failed(String streamId, int number, FailureCause cause, String message)
      implements Terminal {
    public Failed {
      Objects.requireNonNull(streamId);
      Objects.requireNonNull(cause);
      Objects.requireNonNull(message);
    }
  }
}
