package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.http.Exchange;
import java.util.List;

/** Gathers all choices and answers with one JSON body. Event loop only. */
final class WholeAnswer implements Answer {
  private final Exchange exchange;
  private final AnswerFormat format;
  private final AnswerStamp stamp;
  private final Keeping keeping;
  private final GatheredChoices choices;

  WholeAnswer(
      Exchange exchange,
      CompletionRequest request,
      AnswerFormat format,
      AnswerStamp stamp,
      Keeping keeping) {
    this.exchange = exchange;
    this.format = format;
    this.stamp = stamp;
    this.keeping = keeping;
    this.choices = new GatheredChoices(request, format.keepsTokens());
  }

  @Override
  public void on(CompletionEvent event) {
    switch (event) {
      case CompletionEvent.Opened opened -> choices.opened(opened);
      case CompletionEvent.PromptScored scored -> choices.promptScored(scored);
      case CompletionEvent.Delta delta -> choices.delta(delta);
      case CompletionEvent.Finished finished -> {
        if (choices.finished(finished)) {
          List<ChoiceAnswer> answers = choices.answers();
          exchange.settling(keeping.keep(stamp, answers), kept -> answer(answers));
        }
      }
      case CompletionEvent.Failed failed -> {
        keeping.dropped();
        exchange.error(format.describe(failed.failure()));
      }
    }
  }

  private void answer(List<ChoiceAnswer> answers) {
    JsonBytes out = new JsonBytes(1024);
    format.whole(stamp, answers, out);
    exchange.json(200, out.toByteArray());
  }
}
