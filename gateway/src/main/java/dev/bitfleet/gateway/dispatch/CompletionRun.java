package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.CompletionListener;
import dev.bitfleet.gateway.completion.CompletionRequest;
import java.util.ArrayList;
import java.util.List;

/** All choices of one request. The first failure ends them all. */
final class CompletionRun implements RunningCompletion {
  private final CompletionRequest request;
  private final CompletionListener listener;
  private final List<ChoiceRun> choices = new ArrayList<>();
  private int unfinished;

  CompletionRun(CompletionRequest request, CompletionListener listener) {
    this.request = request;
    this.listener = listener;
    this.unfinished = request.choices();
  }

  CompletionRequest request() {
    return request;
  }

  void add(ChoiceRun choice) {
    choices.add(choice);
  }

  void emit(CompletionEvent event) {
    if (unfinished > 0) {
      listener.on(event);
    }
  }

  void choiceFinished(CompletionEvent.Finished finished) {
    if (unfinished > 0) {
      unfinished--;
      listener.on(finished);
    }
  }

  void fail(CompletionFailure failure) {
    if (unfinished > 0) {
      cancel();
      listener.on(new CompletionEvent.Failed(failure));
    }
  }

  @Override
  public void cancel() {
    unfinished = 0;
    choices.forEach(ChoiceRun::cancel);
  }
}
