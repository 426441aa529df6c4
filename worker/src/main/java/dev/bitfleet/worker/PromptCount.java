package dev.bitfleet.worker;

import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.worker.engine.Engine;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.Tokenization;
import dev.bitfleet.worker.model.ChatTemplate;
import dev.bitfleet.worker.model.PromptTooLongException;
import dev.bitfleet.worker.model.Renderer;
import io.vertx.core.Future;
import java.util.List;

/**
 * Counts one prompt exactly as an open would, and finds which of a chat's oldest turns have to go.
 * Fewer turns are never more tokens, so the search halves: a chat of a thousand turns is laid out
 * some ten times, and what is too long to be laid out at all is not tried. Event loop; layout and
 * tokenizing happen elsewhere.
 */
final class PromptCount {
  private final Engine engine;
  private final Renderer renderer;
  private final TextRequest.Fit request;
  private final int context;

  PromptCount(Engine engine, Renderer renderer, TextRequest.Fit request, int contextLength) {
    this.engine = engine;
    this.renderer = renderer;
    this.request = request;
    this.context =
        request.contextLimit() == 0
            ? contextLength
            : Math.min(request.contextLimit(), contextLength);
  }

  /** Fails as {@link Renderer#layOut} and {@link Engine#tokenize} do. */
  Future<TextReply> fit() {
    return count(request.prompt())
        .compose(
            whole -> {
              if (request.countOnly()) {
                return Future.succeededFuture(counted(whole));
              }
              int wanted = request.dropTurns() ? request.wantedRoom() : request.room();
              if (leaves(whole, wanted)) {
                return Future.succeededFuture(reply(whole, 0, whole));
              }
              if (request.dropTurns() && request.prompt() instanceof Prompt.Chat chat) {
                Turns turns = Turns.of(chat);
                if (turns.count() > 1) {
                  int most = turns.count() - 1;
                  int fewest = turns.fewestWithin(ChatTemplate.MAX_OUTPUT_CHARS);
                  return search(turns, Math.clamp(fewest, 1, most), most, whole);
                }
              }
              return Future.succeededFuture(unlessTooLong(whole, 0, whole));
            });
  }

  /** The fewest turns to drop, from {@code fewest} to {@code most}, which leaves the last one. */
  private Future<TextReply> search(Turns turns, int fewest, int most, Tokenization whole) {
    int dropped = (fewest + most) / 2;
    return count(turns.without(dropped))
        .compose(
            rest -> {
              boolean fits = leaves(rest, request.wantedRoom());
              if (fewest == most) {
                return Future.succeededFuture(unlessTooLong(rest, turns.beginOf(dropped), whole));
              }
              return fits
                  ? search(turns, fewest, dropped, whole)
                  : search(turns, dropped + 1, most, whole);
            });
  }

  private boolean leaves(Tokenization tokens, int room) {
    return tokens.counted() && (long) tokens.count() + room <= context;
  }

  private TextReply unlessTooLong(Tokenization kept, int keptFrom, Tokenization whole) {
    if (leaves(kept, request.room())) {
      return reply(kept, keptFrom, whole);
    }
    return new TextReply.Refused(
        new OpenReply.Refused(
            OpenReply.Code.CONTEXT_LENGTH_EXCEEDED,
            "the prompt has %s%d tokens and leaves too little room in a context of %d"
                .formatted(kept.counted() ? "" : "at least ", kept.count(), context),
            "prompt",
            kept.count(),
            context));
  }

  private TextReply counted(Tokenization whole) {
    return whole.counted()
        ? reply(whole, 0, whole)
        : new TextReply.Refused(
            new OpenReply.Refused(
                OpenReply.Code.INVALID, "the text is too long to be counted", "prompt"));
  }

  private TextReply reply(Tokenization kept, int keptFrom, Tokenization whole) {
    int dropped = whole.counted() ? whole.count() - kept.count() : 0;
    return new TextReply.Fit(kept.count(), context, keptFrom, Math.max(0, dropped));
  }

  private Future<Tokenization> count(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Chat chat ->
          Turns.length(chat) > ChatTemplate.MAX_OUTPUT_CHARS
              ? Future.succeededFuture(tooLong())
              : renderer
                  .layOut(chat)
                  .compose(segments -> count(segments, true))
                  .recover(
                      problem ->
                          problem instanceof PromptTooLongException
                              ? Future.succeededFuture(tooLong())
                              : Future.failedFuture(problem));
      case Prompt.Text text -> count(List.of(new PromptSegment.Text(text.text())), true);
      case Prompt.Tokens tokens -> count(List.of(new PromptSegment.Tokens(tokens.ids())), false);
    };
  }

  /** What is too long to be laid out is too long for the context too. */
  private Tokenization tooLong() {
    return new Tokenization(List.of(), List.of(), context + 1);
  }

  private Future<Tokenization> count(List<PromptSegment> segments, boolean addBeginToken) {
    return engine.tokenize(segments, addBeginToken, false, mostTokens(segments));
  }

  /** What has more than fits need not be tokenized, unless it is the number that is asked for. */
  private int mostTokens(List<PromptSegment> segments) {
    if (!request.countOnly()) {
      return context;
    }
    long units = 0;
    for (PromptSegment segment : segments) {
      units +=
          switch (segment) {
            case PromptSegment.Text text -> text.text().length();
            case PromptSegment.Tokens tokens -> tokens.ids().size();
          };
    }
    return units <= TextDesk.MAX_TEXT_UNITS ? 0 : context;
  }
}
