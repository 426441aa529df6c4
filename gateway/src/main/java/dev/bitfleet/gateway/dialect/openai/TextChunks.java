package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.proto.TokenDetail;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The stream of a completion. With {@code echo} a prompt that was given as text goes before the
 * text at once; one of token ids is spelt out, and with logprobs its tokens follow, when the engine
 * tells of them.
 */
final class TextChunks extends Chunks {

  /** A choice under way. */
  private static final class Choice {
    final TextCursor cursor;
    final Utf8Pieces prompt = new Utf8Pieces();
    boolean scored;

    Choice(TextCursor cursor) {
      this.cursor = cursor;
    }
  }

  private final TextStyle style;
  private final Map<Integer, Choice> choices = new HashMap<>();

  TextChunks(EventHead head, AnswerFrame frame, TextStyle style) {
    super(head, "\"text\":", frame);
    this.style = style;
  }

  @Override
  public void opened(CompletionEvent.Opened event, JsonBytes out) {
    String prompt = style.echo() ? style.promptText(event.choice()) : "";
    choices.put(event.choice(), new Choice(new TextCursor(prompt)));
    if (open(event) && !prompt.isEmpty()) {
      begin(event.choice(), out).string(prompt).raw(",\"logprobs\":null");
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
  public void promptScored(CompletionEvent.PromptScored event, JsonBytes out) {
    if (!style.echo()) {
      return;
    }
    Choice choice = choice(event.choice());
    String text = style.spelt(event.choice()) ? choice.prompt.text(event.tokens()) : "";
    List<TokenDetail> tokens =
        choice.scored ? event.tokens() : style.withoutBegin(event.choice(), event.tokens());
    choice.scored = true;
    write(event.choice(), text, tokens, choice, out);
  }

  @Override
  public void delta(CompletionEvent.Delta event, JsonBytes out) {
    write(event.choice(), event.text(), event.tokens(), choice(event.choice()), out);
  }

  private void write(
      int index, String text, List<TokenDetail> tokens, Choice choice, JsonBytes out) {
    begin(index, out).string(text).raw(",\"logprobs\":");
    if (style.logprobs()) {
      Logprobs.completion(tokens, choice.cursor, out);
    } else {
      out.nul();
    }
    end(out);
  }

  @Override
  public void finished(CompletionEvent.Finished event, JsonBytes out) {
    begin(event.choice(), out).raw("\"\",\"logprobs\":null");
    end(event, OpenAiFormat.finishReason(event.reason()), out);
  }
}
