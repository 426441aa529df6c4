package dev.bitfleet.proto;

/** Whether the prompt's own tokens are reported, with their logprobs where those are asked for. */
public enum PromptScoring {
  NONE,
  /** First the prompt's tokens, then a completion. */
  WITH_COMPLETION,
  /** Only the prompt's tokens; none is drawn. */
  ALONE
}
