package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.Continuation;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a choice has come to, over all its attempts: what has been handed on, by whom it was drawn,
 * and what the next attempt is asked for so that the two join without a seam. Pure: times are
 * nanoseconds of the caller's clock.
 *
 * <p>A piece ends where a token ends, and has exactly the text of its tokens; so the ids of the
 * pieces that were handed on say all there is to say about the text. What an engine held back when
 * it was lost was never here, and is drawn again: the same, for a token depends on nothing but the
 * prompt, the parameters and its index.
 */
final class ChoiceProgress {
  /** What the tokens depend on beside the request; as the first attempt had it. */
  private record Origin(String fingerprint, long promptHash, int contextLength, Usage prompt) {}

  private final CompletionRequest request;
  private Optional<Origin> origin = Optional.empty();
  private int[] emitted = {};
  private int tokens;

  /** Of an engine that does not name its tokens; else empty. */
  private final StringBuilder text = new StringBuilder();

  private int unnamed;
  private boolean shortened;
  private int promptTold;

  /** Tokens of the prompt that this attempt tells once more. */
  private int promptToldBefore;

  private boolean moved;
  private long acceptedAt;
  private long firstTokenAt;

  ChoiceProgress(CompletionRequest request) {
    this.request = request;
  }

  /** Whether anything has been handed on, so that what follows has to fit it. */
  boolean begun() {
    return pieces() > 0 || promptTold > 0;
  }

  /** Tokens handed on, or pieces of an engine that does not name them. */
  int pieces() {
    return tokens + unnamed;
  }

  /** Whether another attempt can be told where to go on. */
  boolean continuable() {
    if (unnamed == 0) {
      return true;
    }
    // Such an engine cannot be told how far its grammar has come; and of two kinds of engines
    // neither knows what the other's pieces mean.
    return tokens == 0 && request.grammar().isEmpty();
  }

  /** Forgets all of it: the choice begins anew. */
  void restart() {
    origin = Optional.empty();
    tokens = 0;
    unnamed = 0;
    text.setLength(0);
    shortened = false;
    promptTold = 0;
    moved = false;
  }

  /** Whether that worker would go on as the one before it would have. */
  boolean alike(WorkerView worker) {
    if (!begun() || origin.isEmpty()) {
      return true;
    }
    Optional<ModelDescription> model = worker.heartbeat().model();
    return model
        .filter(m -> m.fingerprint().equals(origin.get().fingerprint()))
        .filter(m -> m.contextLength() >= origin.get().contextLength())
        .isPresent();
  }

  /** What a worker is asked for. */
  GenerationRequest next(String streamId, String inbox, String model, int choice) {
    moved |= begun();
    promptToldBefore = promptTold;
    Optional<Origin> before = begun() ? origin : Optional.empty();
    return new GenerationRequest(
        streamId,
        inbox,
        model,
        request.promptOf(choice),
        request.samplingOf(choice),
        request.maxTokens(),
        request.stopStrings(),
        request.ignoreEndTokens(),
        request.topLogprobs(),
        // A larger context elsewhere must not let it go on for longer.
        before.map(Origin::contextLength).orElse(request.contextLimit()),
        request.cacheScope(),
        request.grammar(),
        scoring(before),
        request.priority(),
        before.map(this::continuation));
  }

  private Continuation continuation(Origin before) {
    List<Integer> ids = Arrays.stream(emitted, 0, tokens).boxed().toList();
    return new Continuation(
        ids, text.toString(), shortened, before.fingerprint(), before.promptHash());
  }

  private PromptScoring scoring(Optional<Origin> before) {
    boolean told =
        before.isPresent() && (pieces() > 0 || promptTold >= before.get().prompt().promptTokens());
    return told && request.promptScoring() == PromptScoring.WITH_COMPLETION
        ? PromptScoring.NONE
        : request.promptScoring();
  }

  /**
   * A worker has taken it.
   *
   * @return whether the client is to be told: it is not when the choice goes on
   */
  boolean accepted(OpenReply.Accepted reply, WorkerView worker, long now) {
    if (begun()) {
      return false;
    }
    int context = worker.heartbeat().model().map(ModelDescription::contextLength).orElse(0);
    int limit = request.contextLimit();
    origin =
        Optional.of(
            new Origin(
                reply.fingerprint(),
                reply.promptHash(),
                limit == 0 ? context : Math.min(limit, context),
                new Usage(reply.promptTokens(), reply.cachedTokens(), 0)));
    acceptedAt = now;
    return true;
  }

  /** Those of the prompt's tokens that have not been told before. */
  List<TokenDetail> promptScored(List<TokenDetail> scored) {
    int again = Math.min(promptToldBefore, scored.size());
    promptToldBefore -= again;
    promptTold += scored.size() - again;
    return scored.subList(again, scored.size());
  }

  void delta(GenerationEvent.Delta delta, long now) {
    if (pieces() == 0) {
      firstTokenAt = now;
    }
    if (delta.tokens().isEmpty()) {
      unnamed++;
      text.append(delta.text());
    }
    for (TokenDetail token : delta.tokens()) {
      if (tokens == emitted.length) {
        emitted = Arrays.copyOf(emitted, Math.max(64, 2 * tokens));
      }
      emitted[tokens++] = token.id();
    }
    shortened = delta.shortened();
  }

  /**
   * What the whole choice cost. One that was moved has read its prompt more than once; the client
   * pays for the first time.
   */
  Usage usage(Usage last) {
    return origin
        .filter(o -> moved)
        .map(
            o ->
                new Usage(
                    o.prompt().promptTokens(), o.prompt().cachedTokens(), last.completionTokens()))
        .orElse(last);
  }

  /** Time to the first token, in microseconds, as the client had it. */
  long prefillMicros(long last) {
    return moved && pieces() > 0 ? (firstTokenAt - acceptedAt) / 1000 : last;
  }

  /** Time from the first token to the end, in microseconds, what it took to move included. */
  long decodeMicros(long last, long now) {
    return moved && pieces() > 0 ? (now - firstTokenAt) / 1000 : last;
  }
}
