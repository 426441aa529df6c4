package dev.bitfleet.app.simulation;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.CompletionListener;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.dispatch.RunningCompletion;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Sends one request, may leave early, and checks every word of the answer. */
final class SimulatedClient implements CompletionListener {
  /** What reliability asks for. */
  private static final long SLOT_FREE_WITHIN = 250 * VirtualTime.MILLI;

  /** In the queue, and looking for a worker whose slot another gateway has not taken. */
  private static final Duration DECIDED_WITHIN =
      SimulatedGateway.LIMITS
          .queueTimeout()
          .plus(SimulatedGateway.LIMITS.workerWait())
          .plusSeconds(1);

  private final World world;
  private final String name;
  private final CompletionRequest request;
  private final List<Choice> choices = new ArrayList<>();
  private @Nullable RunningCompletion running;
  private int unfinished;
  private boolean left;
  private boolean ended;
  private Optional<CompletionFailure> failure = Optional.empty();

  private static final class Choice {
    final Tokens tokens;
    CompletionEvent.@Nullable Opened opened;
    int place;
    boolean finished;

    Choice(Tokens tokens) {
      this.tokens = tokens;
    }
  }

  SimulatedClient(World world, String name, CompletionRequest request) {
    this.world = world;
    this.name = name;
    this.request = request;
    this.unfinished = request.choices();
    for (int choice = 0; choice < request.choices(); choice++) {
      choices.add(
          new Choice(
              new Tokens(
                  text(request.promptOf(choice)),
                  request.samplingOf(choice).seed(),
                  request.maxTokens())));
    }
  }

  private static String text(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Text text -> text.text();
      case Prompt.Chat chat -> SimulatedWorker.text(chat);
      case Prompt.Tokens tokens -> throw new IllegalStateException("not asked for here: " + tokens);
    };
  }

  void begin(SimulatedGateway gateway) {
    world.trace(name, () -> "asks " + gateway.id() + " for " + request.choices() + " choices");
    if (world.calm()) {
      world.in(DECIDED_WITHIN.toNanos(), this::checkItHasBegun);
    }
    running = gateway.dispatcher().start(request, this);
  }

  /** It goes away, whatever it has. */
  void leave() {
    if (!over() && running != null) {
      world.trace(name, "leaves");
      if (!world.has(Flaw.CANCELLED_CLIENTS_HEAR_MORE)) {
        running.cancel();
      }
      left = true;
      if (world.calm()) {
        world.in(SLOT_FREE_WITHIN, this::checkNobodyComputes);
      }
    }
  }

  private void checkNobodyComputes() {
    for (Choice choice : choices) {
      if (world.computes(choice.tokens.prompt())) {
        world.violated(name + " has left long ago, and its prompt is still computed");
      }
    }
  }

  private void checkItHasBegun() {
    if (!over() && choices.getFirst().opened == null) {
      world.violated(name + " waits for a slot for longer than anybody may");
    }
  }

  /** Whether it has its end, or wants none. */
  boolean over() {
    return ended || left;
  }

  /** Whether its answer outlasts everybody. */
  boolean endless() {
    return choices.getFirst().tokens.prompt().startsWith(Tokens.ENDLESS);
  }

  Optional<CompletionFailure> failure() {
    return failure;
  }

  boolean endedWell() {
    return ended && failure.isEmpty();
  }

  @Override
  public void on(CompletionEvent event) {
    hear(event);
    if (world.has(Flaw.THE_END_COMES_TWICE) && event instanceof CompletionEvent.Finished) {
      hear(event);
    }
  }

  private void hear(CompletionEvent event) {
    if (over()) {
      world.violated(name + " hears more after its end: " + event);
      return;
    }
    switch (event) {
      case CompletionEvent.Opened opened -> opened(opened);
      case CompletionEvent.PromptScored scored ->
          world.violated(name + " hears scores that it did not ask for: " + scored);
      case CompletionEvent.Delta delta -> delta(delta);
      case CompletionEvent.Finished finished -> finished(finished);
      case CompletionEvent.Failed failed -> {
        world.trace(name, () -> "fails: " + failed.failure());
        failure = Optional.of(failed.failure());
        ended = true;
      }
    }
  }

  private void opened(CompletionEvent.Opened opened) {
    Choice choice = choices.get(opened.choice());
    if (choice.place > 0 && request.delivery() == Delivery.STREAMED) {
      world.violated(name + " has had tokens, and hears of a new beginning");
    }
    if (choice.finished) {
      world.violated(name + " hears of a beginning after the end");
    }
    choice.opened = opened;
    choice.place = 0;
  }

  private void delta(CompletionEvent.Delta delta) {
    Choice choice = choices.get(delta.choice());
    if (choice.opened == null || choice.finished) {
      world.violated(name + " hears a token before the beginning or after the end");
    }
    for (TokenDetail token : delta.tokens()) {
      if (token.id() != choice.tokens.id(choice.place)) {
        world.violated(
            name
                + " gets token "
                + token.id()
                + " at place "
                + choice.place
                + " of choice "
                + delta.choice()
                + ", which is "
                + choice.tokens.id(choice.place));
      }
      choice.place++;
    }
  }

  private void finished(CompletionEvent.Finished finished) {
    Choice choice = choices.get(finished.choice());
    Tokens tokens = choice.tokens;
    CompletionEvent.Opened opened = choice.opened;
    if (opened == null || choice.finished) {
      world.violated(name + " hears of an end without a beginning, or of a second one");
      return;
    }
    choice.finished = true;
    if (choice.place != tokens.length()) {
      world.violated(name + " has an end after " + choice.place + " tokens of " + tokens.length());
    }
    if (finished.reason() != tokens.reason()) {
      world.violated(name + " ends for the reason " + finished.reason());
    }
    Usage due = new Usage(tokens.promptTokens(), opened.cachedTokens(), tokens.drawn());
    if (!finished.usage().equals(due)) {
      world.violated(name + " is charged " + finished.usage() + " for " + due);
    }
    if (--unfinished == 0) {
      world.trace(name, "has its answer");
      ended = true;
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
