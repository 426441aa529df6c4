package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Dropped;
import dev.bitfleet.gateway.completion.FailedCompletion;
import dev.bitfleet.gateway.completion.Fitted;
import dev.bitfleet.gateway.completion.Truncation;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.gateway.routing.PromptBound;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;
import java.util.function.ToIntFunction;

/**
 * Sees to it that prompts fit the context before they wait for a slot: one that cannot is refused
 * at once, or loses its oldest turns. Costs nothing for a prompt of fewer bytes than the context
 * has tokens; only longer ones are counted, in one question to a worker. Event loop of the
 * gateway's verticle.
 *
 * <p>How much a completion may be longer than the room its prompt leaves is nobody's concern here:
 * it ends where the context does.
 */
public final class ContextFit {
  private final FleetView fleet;
  private final TextService text;

  public ContextFit(FleetView fleet, TextService text) {
    this.fleet = fleet;
    this.text = text;
  }

  /**
   * The request, fit for the context.
   *
   * @param unwanted whether nobody waits for it any more: then it may fail without being counted
   * @return complete at once for ordinary prompts; fails with {@link FailedCompletion}, for a
   *     prompt that cannot fit with ContextLengthExceeded
   */
  public Future<Fitted> fit(
      CompletionRequest request, Truncation truncation, BooleanSupplier unwanted) {
    OptionalInt context = context(request);
    if (context.isEmpty() && truncation == Truncation.DISABLED) {
      // Nothing is ready: it may wait in the queue, and the worker that takes it will count.
      return Future.succeededFuture(new Fitted(request, Dropped.NOTHING));
    }
    OptionalInt vocabulary = smallest(request, ModelDescription::vocabularySize);
    if (vocabulary.isPresent()) {
      Optional<CompletionFailure.Invalid> unknown =
          PromptTokens.unknown(
              request.prompts(), vocabulary.getAsInt(), context.orElse(Integer.MAX_VALUE));
      if (unknown.isPresent()) {
        return Future.failedFuture(new FailedCompletion(unknown.get()));
      }
    }
    int room = request.promptScoring() == PromptScoring.ALONE ? 0 : 1;
    List<Prompt> prompts = new ArrayList<>(request.prompts());
    Future<Dropped> done = Future.succeededFuture(Dropped.NOTHING);
    for (int i = 0; i < prompts.size(); i++) {
      int at = i;
      Prompt prompt = prompts.get(i);
      boolean drop = truncation == Truncation.AUTO && prompt instanceof Prompt.Chat;
      int wanted = drop && context.isPresent() ? wanted(request, context.getAsInt()) : room;
      if (context.isPresent() && PromptBound.of(prompt) + wanted <= context.getAsInt()) {
        continue;
      }
      done =
          done.compose(
              before ->
                  count(request, prompt, room, drop, unwanted)
                      .map(fit -> note(prompts, at, fit, before)));
    }
    return done.map(
        dropped -> new Fitted(dropped.any() ? request.withPrompts(prompts) : request, dropped));
  }

  private Future<TextReply.Fit> count(
      CompletionRequest request, Prompt prompt, int room, boolean drop, BooleanSupplier unwanted) {
    return text.ask(
        request.model(),
        model -> {
          // By now a worker is ready, so that its context is known.
          int wanted = drop ? context(request).stream().map(c -> wanted(request, c)).sum() : room;
          return new TextRequest.Fit(
              model, prompt, request.contextLimit(), room, Math.max(room, wanted), drop);
        },
        TextReply.Fit.class,
        unwanted);
  }

  private static Dropped note(List<Prompt> prompts, int at, TextReply.Fit fit, Dropped before) {
    if (fit.keptFrom() == 0 || !(prompts.get(at) instanceof Prompt.Chat chat)) {
      return before;
    }
    List<ChatMessage> kept = new ArrayList<>();
    for (int i = 0; i < chat.messages().size(); i++) {
      ChatMessage message = chat.messages().get(i);
      if (i >= fit.keptFrom()
          || message.role() == Role.SYSTEM
          || message.role() == Role.DEVELOPER) {
        kept.add(message);
      }
    }
    prompts.set(at, new Prompt.Chat(kept, chat.tools()));
    return new Dropped(
        before.messages() + chat.messages().size() - kept.size(),
        before.tokens() + fit.droppedTokens());
  }

  /**
   * The room that turns are dropped for: what the completion may take, but never more than half of
   * the context; a quarter where it may take all. Otherwise a chat that just fits would be answered
   * with a word.
   */
  private static int wanted(CompletionRequest request, int context) {
    return request.maxTokens() == 0
        ? Math.max(1, context / 4)
        : Math.clamp(request.maxTokens(), 1, Math.max(1, context / 2));
  }

  /** The smallest context a ready worker of the model has; empty while there is none. */
  private OptionalInt context(CompletionRequest request) {
    OptionalInt smallest = smallest(request, ModelDescription::contextLength);
    return request.contextLimit() == 0 || smallest.isEmpty()
        ? smallest
        : OptionalInt.of(Math.min(request.contextLimit(), smallest.getAsInt()));
  }

  /** The smallest number that ready workers of the model tell; empty while there is none. */
  private OptionalInt smallest(CompletionRequest request, ToIntFunction<ModelDescription> number) {
    if (!(fleet.supply(request.model()) instanceof ModelSupply.Serving serving)) {
      return OptionalInt.empty();
    }
    return fleet.workers().stream()
        .filter(worker -> worker.ready() && worker.serves(serving.model()))
        .map(WorkerView::heartbeat)
        .flatMap(heartbeat -> heartbeat.model().stream())
        .mapToInt(number)
        .min();
  }
}
