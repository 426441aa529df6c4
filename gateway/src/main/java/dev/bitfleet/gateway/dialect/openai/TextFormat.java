package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.proto.TokenDetail;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** {@code text_completion}, whole and in chunks, which are called the same. */
final class TextFormat extends OpenAiFormat {
  private static final String OBJECT = "text_completion";

  private final TextStyle style;

  TextFormat(AnswerFrame frame, TextStyle style) {
    super("cmpl-", OBJECT, OBJECT, "prompt", frame);
    this.style = style;
  }

  @Override
  public boolean keepsTokens() {
    return style.logprobs() || style.generated() > style.shown();
  }

  @Override
  List<ChoiceAnswer> shown(List<ChoiceAnswer> choices) {
    if (style.generated() == style.shown()) {
      return choices;
    }
    List<ChoiceAnswer> best = new ArrayList<>();
    for (int from = 0; from < choices.size(); from += style.generated()) {
      choices.subList(from, from + style.generated()).stream()
          // Stable: of equals the first stays first.
          .sorted(Comparator.comparingDouble(TextFormat::meanLogprob).reversed())
          .limit(style.shown())
          .forEach(best::add);
    }
    return best;
  }

  private static double meanLogprob(ChoiceAnswer choice) {
    return choice.tokens().stream()
        .mapToDouble(token -> token.logprob().orElse(0))
        .average()
        .orElse(0);
  }

  @Override
  void choice(AnswerStamp stamp, int index, ChoiceAnswer choice, JsonBytes out) {
    int generated = choice.opened().choice();
    String prompt = promptText(choice, generated);
    out.raw("\"text\":").string(style.echo() ? prompt + choice.text() : choice.text());
    out.raw(",\"logprobs\":");
    if (style.logprobs()) {
      List<TokenDetail> tokens = new ArrayList<>();
      if (style.echo()) {
        tokens.addAll(style.withoutBegin(generated, choice.promptTokens()));
      }
      tokens.addAll(choice.tokens());
      Logprobs.completion(tokens, new TextCursor(style.echo() ? prompt : ""), out);
    } else {
      out.nul();
    }
    out.raw(",\"finish_reason\":").string(finishReason(choice.finished().reason()));
  }

  private String promptText(ChoiceAnswer choice, int generated) {
    return style.spelt(generated) ? text(choice.promptTokens()) : style.promptText(generated);
  }

  private static String text(List<TokenDetail> tokens) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    tokens.forEach(token -> bytes.writeBytes(token.bytes()));
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Override
  StreamFormat chunks(AnswerStamp stamp, EventHead head, AnswerFrame frame) {
    return new TextChunks(head, frame, style);
  }
}
