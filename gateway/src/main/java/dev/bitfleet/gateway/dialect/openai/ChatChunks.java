package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.tools.CallIds;
import dev.bitfleet.gateway.dialect.tools.ChoiceReader;
import dev.bitfleet.gateway.grammar.ToolEvent;
import dev.bitfleet.proto.TokenDetail;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code chat.completion.chunk}: for each choice one with the role, then its text and calls, then
 * one with its finish reason. A call begins with its id, type and name, and its arguments follow in
 * pieces.
 */
final class ChatChunks extends Chunks {

  /** A choice under way. */
  private static final class Choice {
    final ChoiceReader reader;

    /** Told with the next chunk: what the reader holds back has no chunk of its own. */
    final List<TokenDetail> untold = new ArrayList<>();

    Choice(ChoiceReader reader) {
      this.reader = reader;
    }
  }

  private final AnswerStamp stamp;
  private final ChatStyle style;
  private final Map<Integer, Choice> choices = new HashMap<>();

  ChatChunks(AnswerStamp stamp, EventHead head, AnswerFrame frame, ChatStyle style) {
    super(head, "\"delta\":", frame);
    this.stamp = stamp;
    this.style = style;
  }

  @Override
  public void opened(CompletionEvent.Opened event, JsonBytes out) {
    choices.put(event.choice(), new Choice(new ChoiceReader(style.callable())));
    if (open(event)) {
      // With calls in sight it is not known yet whether there will be any text.
      begin(event.choice(), out)
          .raw("{\"role\":\"assistant\",\"content\":")
          .raw(style.callable().isEmpty() ? "\"\"" : "null")
          .raw(",\"refusal\":null},\"logprobs\":null");
      end(out);
    }
  }

  private Choice choice(int index) {
    Choice choice = choices.get(index);
    if (choice == null) {
      throw new IllegalStateException("choice " + index + " was not opened");
    }
    return choice;
  }

  @Override
  public void delta(CompletionEvent.Delta event, JsonBytes out) {
    Choice choice = choice(event.choice());
    if (style.logprobs()) {
      choice.untold.addAll(event.tokens());
    }
    if (style.callable().isEmpty()) {
      // Also without text: the token is told.
      begin(event.choice(), out).raw("{\"content\":").string(event.text()).raw("}");
      endPart(choice, out);
    } else {
      write(event.choice(), choice, choice.reader.read(event.text()), out);
    }
  }

  private void write(int index, Choice choice, List<ToolEvent> events, JsonBytes out) {
    for (ToolEvent event : events) {
      switch (event) {
        case ToolEvent.Content(String text) ->
            begin(index, out).raw("{\"content\":").string(text).raw("}");
        case ToolEvent.CallBegan began -> began(index, began, begin(index, out));
        case ToolEvent.ArgumentsDelta more -> arguments(more, begin(index, out));
        case ToolEvent.CallEnded ignored -> {
          continue;
        }
      }
      endPart(choice, out);
    }
  }

  private void began(int index, ToolEvent.CallBegan began, JsonBytes out) {
    switch (style.calls()) {
      case FUNCTION_CALL ->
          out.raw("{\"function_call\":{\"name\":")
              .string(began.name())
              .raw(",\"arguments\":\"\"}}");
      case TOOL_CALLS ->
          out.raw("{\"tool_calls\":[{\"index\":")
              .number(began.index())
              .raw(",\"id\":")
              .string(CallIds.of(stamp.id(), index, began.index()))
              .raw(",\"type\":\"function\",\"function\":{\"name\":")
              .string(began.name())
              .raw(",\"arguments\":\"\"}}]}");
    }
  }

  private void arguments(ToolEvent.ArgumentsDelta more, JsonBytes out) {
    switch (style.calls()) {
      case FUNCTION_CALL ->
          out.raw("{\"function_call\":{\"arguments\":").string(more.text()).raw("}}");
      case TOOL_CALLS ->
          out.raw("{\"tool_calls\":[{\"index\":")
              .number(more.index())
              .raw(",\"function\":{\"arguments\":")
              .string(more.text())
              .raw("}}]}");
    }
  }

  private void endPart(Choice choice, JsonBytes out) {
    logprobs(choice, out);
    end(out);
  }

  private void logprobs(Choice choice, JsonBytes out) {
    out.raw(",\"logprobs\":");
    if (choice.untold.isEmpty()) {
      out.nul();
    } else {
      Logprobs.chat(choice.untold, out);
      choice.untold.clear();
    }
  }

  @Override
  public void finished(CompletionEvent.Finished event, JsonBytes out) {
    Choice choice = choice(event.choice());
    write(event.choice(), choice, choice.reader.finish(), out);
    begin(event.choice(), out).raw("{}");
    logprobs(choice, out);
    end(
        event,
        style.finishReason(event.reason(), choice.reader.calls() > 0, choice.reader.cut()),
        out);
  }
}
