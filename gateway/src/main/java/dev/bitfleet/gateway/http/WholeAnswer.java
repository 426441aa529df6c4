package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.proto.TokenDetail;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gathers all choices and answers with one JSON body. Event loop only. */
final class WholeAnswer implements Answer {

  private static final class Gathered {
    CompletionEvent.@Nullable Opened opened;
    final StringBuilder text = new StringBuilder();
    final List<TokenDetail> tokens = new ArrayList<>();
    @Nullable ChoiceAnswer answer;
  }

  private final Exchange exchange;
  private final AnswerFormat format;
  private final AnswerStamp stamp;
  private final boolean keepTokens;
  private final List<Gathered> choices = new ArrayList<>();
  private int unfinished;

  WholeAnswer(
      Exchange exchange, CompletionRequest request, AnswerFormat format, AnswerStamp stamp) {
    this.exchange = exchange;
    this.format = format;
    this.stamp = stamp;
    this.keepTokens = request.topLogprobs().isPresent();
    this.unfinished = request.choices();
    for (int i = 0; i < unfinished; i++) {
      choices.add(new Gathered());
    }
  }

  @Override
  public void on(CompletionEvent event) {
    switch (event) {
      case CompletionEvent.Opened opened -> {
        Gathered choice = choices.get(opened.choice());
        choice.opened = opened;
        choice.text.setLength(0);
        choice.tokens.clear();
      }
      case CompletionEvent.Delta delta -> {
        Gathered choice = choices.get(delta.choice());
        choice.text.append(delta.text());
        if (keepTokens) {
          choice.tokens.addAll(delta.tokens());
        }
      }
      case CompletionEvent.Finished finished -> {
        Gathered choice = choices.get(finished.choice());
        CompletionEvent.Opened opened = choice.opened;
        if (opened == null) {
          throw new IllegalStateException("finished before it was opened");
        }
        choice.answer = new ChoiceAnswer(opened, choice.text.toString(), choice.tokens, finished);
        if (--unfinished == 0) {
          answer();
        }
      }
      case CompletionEvent.Failed failed ->
          exchange.error(Failures.describe(failed.failure(), format.promptField()));
    }
  }

  private void answer() {
    List<ChoiceAnswer> answers = new ArrayList<>(choices.size());
    for (Gathered choice : choices) {
      if (choice.answer != null) {
        answers.add(choice.answer);
      }
    }
    JsonBytes out = new JsonBytes(1024);
    format.whole(stamp, answers, out);
    exchange.json(200, out.toByteArray());
  }

  @Override
  public void tend(long now) {
    // Nothing is on the wire until all of it is.
  }
}
