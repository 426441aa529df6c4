package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.worker.engine.SequenceRequest;
import java.util.List;
import java.util.Optional;

/** What llama-server cannot do, or would do wrongly without a word. Pure. */
final class RequestCheck {
  private RequestCheck() {}

  /** What can be said before the prompt is tokens. */
  static Optional<OpenReply.Refused> ofWishes(SequenceRequest request) {
    if (request.topLogprobs().isPresent()) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID, "llama-server gives no reliable logprobs", "logprobs"));
    }
    if (request.promptScoring() != PromptScoring.NONE) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID, "llama-server tells nothing of a prompt's tokens", "echo"));
    }
    if (!request.grammar().isEmpty() && !request.emitted().isEmpty()) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID,
              "llama-server cannot go on with an answer that follows a grammar",
              "grammar"));
    }
    if (!request.stopTokens().isEmpty()) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.INVALID, "llama-server takes no stop tokens", "stop_tokens"));
    }
    return Optional.empty();
  }

  /**
   * What only its tokens show.
   *
   * @param emitted tokens of the completion that come before what is asked for
   * @param context tokens the sequence may hold
   * @param vocabulary ids there are
   */
  static Optional<OpenReply.Refused> ofTokens(
      SequenceRequest request,
      List<Integer> prompt,
      List<Integer> emitted,
      int context,
      int vocabulary) {
    if (prompt.isEmpty()) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.EMPTY_PROMPT, "the prompt holds no token", "prompt"));
    }
    if (prompt.size() >= context) {
      return Optional.of(
          new OpenReply.Refused(
              OpenReply.Code.CONTEXT_LENGTH_EXCEEDED,
              "the prompt has %d tokens, the context %d".formatted(prompt.size(), context),
              "prompt",
              prompt.size(),
              context));
    }
    // The server wraps ids to 32 bits, and one outside fails everybody in the same batch.
    if (prompt.stream().anyMatch(id -> id < 0 || id >= vocabulary)) {
      return invalid("prompt");
    }
    if (emitted.stream().anyMatch(id -> id < 0 || id >= vocabulary)) {
      return invalid("emitted");
    }
    if (request.sampling().logitBias().keySet().stream().anyMatch(id -> id >= vocabulary)) {
      return invalid("logit_bias");
    }
    return Optional.empty();
  }

  private static Optional<OpenReply.Refused> invalid(String param) {
    return Optional.of(
        new OpenReply.Refused(
            OpenReply.Code.INVALID, param + " names a token that does not exist", param));
  }
}
