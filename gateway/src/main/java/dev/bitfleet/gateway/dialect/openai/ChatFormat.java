package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.proto.FinishReason;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/** {@code chat.completion} and {@code chat.completion.chunk}. */
final class ChatFormat implements AnswerFormat {
  private static final String ID_PREFIX = "chatcmpl-";

  private final int choicesPerPrompt;
  private final boolean logprobs;
  private final boolean includeUsage;

  ChatFormat(int choicesPerPrompt, boolean logprobs, boolean includeUsage) {
    this.choicesPerPrompt = choicesPerPrompt;
    this.logprobs = logprobs;
    this.includeUsage = includeUsage;
  }

  @Override
  public String promptField() {
    return "messages";
  }

  @Override
  public void whole(AnswerStamp stamp, List<ChoiceAnswer> choices, JsonBytes out) {
    PromptUsage usage = new PromptUsage(choicesPerPrompt);
    EventHead.answer(ID_PREFIX, "chat.completion", stamp, choices.getFirst().opened(), out);
    out.raw(",\"choices\":[");
    for (int i = 0; i < choices.size(); i++) {
      ChoiceAnswer choice = choices.get(i);
      usage.add(i, choice.finished().usage());
      out.raw(i == 0 ? "{\"index\":" : ",{\"index\":")
          .number(i)
          .raw(",\"message\":{\"role\":\"assistant\",\"content\":")
          .string(choice.text())
          .raw(",\"refusal\":null},\"logprobs\":");
      if (logprobs) {
        Logprobs.chat(choice.tokens(), out);
      } else {
        out.nul();
      }
      out.raw(",\"finish_reason\":").string(finishReason(choice.finished().reason())).raw("}");
    }
    out.raw("],\"usage\":");
    usage.write(out);
    out.raw("}");
  }

  @Override
  public StreamFormat stream(AnswerStamp stamp) {
    return new Stream(stamp);
  }

  /** OpenAI has one word for both ways of stopping in good order. */
  static String finishReason(FinishReason reason) {
    return switch (reason) {
      case STOP_TOKEN, STOP_STRING, CANCELLED -> "stop";
      case LENGTH -> "length";
    };
  }

  private final class Stream implements StreamFormat {
    private final EventHead head;
    private final PromptUsage usage = new PromptUsage(choicesPerPrompt);
    private final byte[] usageField;

    Stream(AnswerStamp stamp) {
      head = new EventHead(ID_PREFIX, "chat.completion.chunk", stamp);
      usageField = EventHead.usageField(includeUsage);
    }

    @Override
    public void opened(CompletionEvent.Opened event, JsonBytes out) {
      if (head.open(event, "\"delta\":")) {
        head.begin(event.choice(), out);
        out.raw(
            "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},\"logprobs\":null,"
                + "\"finish_reason\":null}]");
        end(out);
      }
    }

    @Override
    public void delta(CompletionEvent.Delta event, JsonBytes out) {
      head.begin(event.choice(), out);
      out.raw("{\"content\":").string(event.text()).raw("},\"logprobs\":");
      if (logprobs) {
        Logprobs.chat(event.tokens(), out);
      } else {
        out.nul();
      }
      out.raw(",\"finish_reason\":null}]");
      end(out);
    }

    @Override
    public void finished(CompletionEvent.Finished event, JsonBytes out) {
      usage.add(event.choice(), event.usage());
      head.begin(event.choice(), out);
      out.raw("{},\"logprobs\":null,\"finish_reason\":")
          .string(finishReason(event.reason()))
          .raw("}]");
      end(out);
    }

    private void end(JsonBytes out) {
      out.raw(usageField);
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
      writeError(error, out);
    }
  }

  static void writeError(ApiError error, JsonBytes out) {
    out.raw("data: {\"error\":")
        .raw(JsonMapper.shared().writeValueAsBytes(ErrorJson.body(error)))
        .raw("}\n\n");
  }
}
