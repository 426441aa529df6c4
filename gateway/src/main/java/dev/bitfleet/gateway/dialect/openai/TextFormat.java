package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code text_completion}, whole and in chunks, which are called the same. */
final class TextFormat implements AnswerFormat {
  private static final String ID_PREFIX = "cmpl-";
  private static final String OBJECT = "text_completion";

  private final int choicesPerPrompt;
  private final List<String> echoes;
  private final boolean logprobs;
  private final boolean includeUsage;

  /**
   * @param echoes by prompt: what goes before its completions, empty for nothing
   */
  TextFormat(int choicesPerPrompt, List<String> echoes, boolean logprobs, boolean includeUsage) {
    this.choicesPerPrompt = choicesPerPrompt;
    this.echoes = List.copyOf(echoes);
    this.logprobs = logprobs;
    this.includeUsage = includeUsage;
  }

  @Override
  public String promptField() {
    return "prompt";
  }

  private String echoOf(int choice) {
    return echoes.get(choice / choicesPerPrompt);
  }

  @Override
  public void whole(AnswerStamp stamp, List<ChoiceAnswer> choices, JsonBytes out) {
    PromptUsage usage = new PromptUsage(choicesPerPrompt);
    EventHead.answer(ID_PREFIX, OBJECT, stamp, choices.getFirst().opened(), out);
    out.raw(",\"choices\":[");
    for (int i = 0; i < choices.size(); i++) {
      ChoiceAnswer choice = choices.get(i);
      usage.add(i, choice.finished().usage());
      out.raw(i == 0 ? "{\"index\":" : ",{\"index\":")
          .number(i)
          .raw(",\"text\":")
          .string(echoOf(i) + choice.text())
          .raw(",\"logprobs\":");
      if (logprobs) {
        Logprobs.completion(choice.tokens(), 0, out);
      } else {
        out.nul();
      }
      out.raw(",\"finish_reason\":")
          .string(ChatFormat.finishReason(choice.finished().reason()))
          .raw("}");
    }
    out.raw("],\"usage\":");
    usage.write(out);
    out.raw("}");
  }

  @Override
  public StreamFormat stream(AnswerStamp stamp) {
    return new Stream(stamp);
  }

  private final class Stream implements StreamFormat {
    private final EventHead head;
    private final PromptUsage usage = new PromptUsage(choicesPerPrompt);
    private final byte[] end = EventHead.usageField(includeUsage);
    private final Map<Integer, Integer> offsets = new HashMap<>();

    Stream(AnswerStamp stamp) {
      head = new EventHead(ID_PREFIX, OBJECT, stamp);
    }

    @Override
    public void opened(CompletionEvent.Opened event, JsonBytes out) {
      boolean first = head.open(event, "\"text\":");
      if (first && !echoOf(event.choice()).isEmpty()) {
        head.begin(event.choice(), out);
        out.string(echoOf(event.choice())).raw(",\"logprobs\":null,\"finish_reason\":null}]");
        out.raw(end);
      }
    }

    @Override
    public void delta(CompletionEvent.Delta event, JsonBytes out) {
      head.begin(event.choice(), out);
      out.string(event.text()).raw(",\"logprobs\":");
      if (logprobs) {
        int offset = offsets.getOrDefault(event.choice(), 0);
        offsets.put(event.choice(), Logprobs.completion(event.tokens(), offset, out));
      } else {
        out.nul();
      }
      out.raw(",\"finish_reason\":null}]").raw(end);
    }

    @Override
    public void finished(CompletionEvent.Finished event, JsonBytes out) {
      usage.add(event.choice(), event.usage());
      head.begin(event.choice(), out);
      out.raw("\"\",\"logprobs\":null,\"finish_reason\":")
          .string(ChatFormat.finishReason(event.reason()))
          .raw("}]")
          .raw(end);
    }

    @Override
    public void complete(JsonBytes out) {
      if (includeUsage) {
        head.withoutChoices(out);
        out.raw(",\"choices\":[],\"usage\":");
        usage.write(out);
        out.raw("}\n\n");
      }
      out.raw(EventHead.DONE);
    }

    @Override
    public void failed(ApiError error, JsonBytes out) {
      ChatFormat.writeError(error, out);
    }
  }
}
