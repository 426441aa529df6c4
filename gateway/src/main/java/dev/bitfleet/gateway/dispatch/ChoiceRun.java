package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.admission.Ticket;
import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.routing.Router;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One choice's way through the fleet: from its ticket to its last token. At most one attempt is
 * open at a time, and its worker's in-flight count is held exactly as long.
 */
final class ChoiceRun implements AttemptListener {
  private static final Logger log = LoggerFactory.getLogger(ChoiceRun.class);
  private static final long FIRST_PAUSE_MILLIS = 5;
  private static final long LONGEST_PAUSE_MILLIS = 100;

  private final Dispatcher dispatcher;
  private final CompletionRun completion;
  private final int choice;
  private final Ticket ticket;
  private final RetryPolicy retries;
  private final Set<String> excluded = new HashSet<>();
  private String model = "";
  private @Nullable Attempt attempt;
  private boolean delivered;
  private boolean ended;

  /** Since when no worker could take it; empty while one has it. */
  private @Nullable Long searchingSinceNanos;

  private boolean lastAnswerWasBusy;
  private long pauseMillis = FIRST_PAUSE_MILLIS;

  ChoiceRun(Dispatcher dispatcher, CompletionRun completion, int choice, Ticket ticket) {
    this.dispatcher = dispatcher;
    this.completion = completion;
    this.choice = choice;
    this.ticket = ticket;
    DispatchLimits limits = dispatcher.limits();
    this.retries =
        new RetryPolicy(limits.attempts(), limits.engineLosses(), completion.request().delivery());
  }

  /** The ticket was admitted: off to a worker. */
  void begin(String admittedModel) {
    model = admittedModel;
    tryNext();
  }

  /** Ends the choice without a word; what is open is cancelled. Idempotent. */
  void cancel() {
    if (!ended) {
      release();
      Attempt open = attempt;
      if (open != null) {
        attemptEnded(open);
        open.abandon();
      }
    }
  }

  private void tryNext() {
    if (ended) {
      return;
    }
    Optional<WorkerView> worker = Router.choose(dispatcher.fleet().workers(), model, excluded);
    if (worker.isEmpty()) {
      searchLater();
      return;
    }
    Attempt next = dispatcher.newAttempt(this, requestFor(), worker.get().id());
    attempt = next;
    delivered = false;
    dispatcher.fleet().opened(next.workerId());
    next.open(dispatcher.limits().openTimeout(), dispatcher.now());
  }

  private void searchLater() {
    long now = dispatcher.now();
    if (searchingSinceNanos == null) {
      searchingSinceNanos = now;
    } else if (now - searchingSinceNanos > dispatcher.limits().workerWait().toNanos()) {
      fail(
          lastAnswerWasBusy
              ? new CompletionFailure.QueueTimeout(dispatcher.retryAfter())
              : new CompletionFailure.NoWorker(dispatcher.retryAfter()));
      return;
    }
    excluded.clear();
    dispatcher.later(pauseMillis, this::tryNext);
    pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
  }

  private GenerationRequest requestFor() {
    CompletionRequest request = completion.request();
    return new GenerationRequest(
        dispatcher.newStreamId(),
        dispatcher.inboxAddress(),
        model,
        request.promptOf(choice),
        request.samplingOf(choice),
        request.maxTokens(),
        request.stopStrings(),
        request.ignoreEndTokens(),
        request.topLogprobs(),
        request.contextLimit(),
        List.of(),
        request.cacheScope(),
        request.grammar(),
        request.promptScoring(),
        request.priority());
  }

  @Override
  public void accepted(Attempt from, OpenReply.Accepted reply) {
    searchingSinceNanos = null;
    pauseMillis = FIRST_PAUSE_MILLIS;
    completion.emit(
        new CompletionEvent.Opened(
            choice, model, reply.fingerprint(), reply.promptTokens(), reply.cachedTokens()));
  }

  @Override
  public void promptScored(GenerationEvent.PromptScored scored) {
    delivered = true;
    completion.emit(new CompletionEvent.PromptScored(choice, scored.tokens()));
  }

  @Override
  public void delta(GenerationEvent.Delta delta) {
    delivered = true;
    completion.emit(new CompletionEvent.Delta(choice, delta.text(), delta.tokens()));
  }

  @Override
  public void finished(GenerationEvent.Finished finished) {
    if (attempt != null) {
      attemptEnded(attempt);
    }
    release();
    completion.choiceFinished(
        new CompletionEvent.Finished(
            choice,
            finished.reason(),
            finished.matchedStop(),
            finished.usage(),
            finished.prefillMicros(),
            finished.decodeMicros()));
  }

  @Override
  public void unavailable(Attempt from, String reason) {
    attemptEnded(from);
    excluded.add(from.workerId());
    lastAnswerWasBusy = true;
    dispatcher.metrics().workerBusy();
    tryNext();
  }

  @Override
  public void refused(OpenReply.Refused refusal) {
    fail(completion.request().names().translate(TextService.failure(refusal)));
  }

  @Override
  public void broke(Attempt from, AttemptEnd end, String message) {
    attemptEnded(from);
    dispatcher.metrics().attemptBroke(end.label());
    boolean again = retries.again(end, delivered);
    log.info(
        "stream {} on {} broke: {} ({}), {}",
        from.streamId(),
        from.workerId(),
        end.label(),
        message,
        again ? "trying again" : "giving up");
    if (!again) {
      fail(new CompletionFailure.EngineFailed(end.label()));
      return;
    }
    excluded.add(from.workerId());
    lastAnswerWasBusy = false;
    tryNext();
  }

  private void fail(CompletionFailure failure) {
    if (attempt != null) {
      attemptEnded(attempt);
    }
    release();
    completion.fail(failure);
  }

  private void attemptEnded(Attempt which) {
    if (attempt == which) {
      attempt = null;
      dispatcher.fleet().closed(which.workerId());
    }
  }

  private void release() {
    ended = true;
    dispatcher.leave(ticket);
  }
}
