package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.admission.Ticket;
import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.routing.RouteWish;
import dev.bitfleet.gateway.routing.Router;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.PromptChain;
import dev.bitfleet.proto.TokenDetail;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One choice's way through the fleet: from its ticket to its last token. At most one attempt is
 * open at a time, and its worker's in-flight count is held exactly as long. When an attempt breaks,
 * the next one goes on where it broke off, on a worker that draws the same tokens.
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
  private final ChoiceProgress progress;
  private final Set<String> excluded = new HashSet<>();
  private final PromptChain beginning;
  private String model = "";
  private @Nullable Attempt attempt;
  private @Nullable WorkerView worker;
  private boolean ended;

  /** Since when no worker could take it; empty while one has it. */
  private @Nullable Long searchingSinceNanos;

  private boolean lastAnswerWasBusy;
  private String lastEnd = "";
  private long pauseMillis = FIRST_PAUSE_MILLIS;

  ChoiceRun(Dispatcher dispatcher, CompletionRun completion, int choice, Ticket ticket) {
    this.dispatcher = dispatcher;
    this.completion = completion;
    this.choice = choice;
    this.ticket = ticket;
    this.beginning =
        PromptChain.of(completion.request().promptOf(choice), completion.request().cacheScope());
    DispatchLimits limits = dispatcher.limits();
    this.retries = new RetryPolicy(limits.attempts(), limits.engineLosses());
    this.progress = new ChoiceProgress(completion.request());
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
    List<WorkerView> alike = dispatcher.fleet().workers().stream().filter(progress::alike).toList();
    Optional<WorkerView> chosen =
        Router.choose(alike, new RouteWish(model, excluded, beginning, dispatcher.node()));
    if (chosen.isEmpty()) {
      searchLater();
      return;
    }
    worker = chosen.get();
    GenerationRequest request =
        progress.next(dispatcher.newStreamId(), dispatcher.inboxAddress(), model, choice);
    Attempt next = dispatcher.newAttempt(this, request, chosen.get().id());
    attempt = next;
    dispatcher.fleet().opened(next.workerId());
    next.open(dispatcher.limits().openTimeout(), dispatcher.now());
  }

  private void searchLater() {
    long now = dispatcher.now();
    if (searchingSinceNanos == null) {
      searchingSinceNanos = now;
    } else if (now - searchingSinceNanos > patience().toNanos()) {
      foundNobody();
      return;
    }
    excluded.clear();
    dispatcher.later(pauseMillis, this::tryNext);
    pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
  }

  /**
   * How long to look for a worker. One that broke off is worth as long a silence as any stream may
   * have: its engine may have to load again, and suspects of its death are tried one at a time.
   */
  private Duration patience() {
    DispatchLimits limits = dispatcher.limits();
    boolean longer = !lastEnd.isEmpty() && limits.stallTimeout().compareTo(limits.workerWait()) > 0;
    return longer ? limits.stallTimeout() : limits.workerWait();
  }

  private void foundNobody() {
    if (!progress.begun()) {
      fail(
          lastAnswerWasBusy
              ? new CompletionFailure.QueueTimeout(dispatcher.retryAfter())
              : new CompletionFailure.NoWorker(dispatcher.retryAfter()));
    } else if (!beginAnew()) {
      fail(
          new CompletionFailure.EngineFailed(
              lastEnd + ", and no worker of the same model came free to go on"));
    }
  }

  /** Begins again from the first token, if nothing of it has left the house. */
  private boolean beginAnew() {
    if (completion.request().delivery() == Delivery.STREAMED) {
      return false;
    }
    progress.restart();
    searchingSinceNanos = null;
    tryNext();
    return true;
  }

  @Override
  public void accepted(Attempt from, OpenReply.Accepted reply) {
    searchingSinceNanos = null;
    pauseMillis = FIRST_PAUSE_MILLIS;
    if (worker != null && progress.accepted(reply, worker, dispatcher.now())) {
      completion.emit(
          new CompletionEvent.Opened(
              choice, model, reply.fingerprint(), reply.promptTokens(), reply.cachedTokens()));
    }
  }

  @Override
  public void promptScored(GenerationEvent.PromptScored scored) {
    List<TokenDetail> untold = progress.promptScored(scored.tokens());
    if (!untold.isEmpty()) {
      completion.emit(new CompletionEvent.PromptScored(choice, untold));
    }
  }

  @Override
  public void delta(GenerationEvent.Delta delta) {
    progress.delta(delta, dispatcher.now());
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
            progress.usage(finished.usage()),
            progress.prefillMicros(finished.prefillMicros()),
            progress.decodeMicros(finished.decodeMicros(), dispatcher.now())));
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
    if (progress.begun() && refusal.code() != OpenReply.Code.PROMPT_QUARANTINED) {
      // It was fit to be served before.
      fail(
          new CompletionFailure.EngineFailed(
              lastEnd + ", and going on was refused: " + refusal.message()));
      return;
    }
    fail(completion.request().names().translate(TextService.failure(refusal)));
  }

  @Override
  public void broke(Attempt from, AttemptEnd end, String message) {
    attemptEnded(from);
    dispatcher.metrics().attemptBroke(end.label());
    lastEnd = end.label();
    boolean again = retries.again(end, progress.pieces());
    log.info(
        "stream {} on {} broke after {} tokens: {} ({}), {}",
        from.streamId(),
        from.workerId(),
        progress.pieces(),
        end.label(),
        message,
        again ? "trying again" : "giving up");
    if (!again) {
      fail(new CompletionFailure.EngineFailed(end.label()));
      return;
    }
    excluded.add(from.workerId());
    lastAnswerWasBusy = false;
    if (progress.continuable()) {
      tryNext();
    } else if (!beginAnew()) {
      fail(
          new CompletionFailure.EngineFailed(
              end.label() + ", and this engine cannot go on under a grammar"));
    }
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
