package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.gateway.store.StoredAnswer;
import java.util.List;

/** Answers written again from what they were made of. */
public final class Rendered {
  private Rendered() {}

  /** The answer in one piece, however its client got it. */
  public static byte[] whole(Call call, AnswerStamp stamp, List<ChoiceAnswer> choices) {
    JsonBytes out = new JsonBytes(1024);
    call.format().whole(stamp, choices, out);
    return out.toByteArray();
  }

  /**
   * What a repeat of the request gets. A stream has the same events in the same order, but each
   * choice's text comes in one.
   */
  public static StoredAnswer answer(Call call, AnswerStamp stamp, List<ChoiceAnswer> choices) {
    if (call.request().delivery() != Delivery.STREAMED) {
      return IdempotentRequests.json(whole(call, stamp, choices));
    }
    StreamFormat format = call.format().stream(stamp);
    JsonBytes out = new JsonBytes(4096);
    for (int i = 0; i < choices.size(); i++) {
      ChoiceAnswer choice = choices.get(i);
      format.opened(choice.opened(), out);
      if (!choice.promptTokens().isEmpty()) {
        format.promptScored(new CompletionEvent.PromptScored(i, choice.promptTokens()), out);
      }
      format.delta(new CompletionEvent.Delta(i, choice.text(), choice.tokens()), out);
      format.finished(choice.finished(), out);
    }
    format.complete(out);
    return IdempotentRequests.events(out.toByteArray());
  }
}
