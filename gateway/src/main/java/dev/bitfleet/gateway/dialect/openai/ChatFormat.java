package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.gateway.dialect.tools.CallIds;
import dev.bitfleet.gateway.dialect.tools.ReadAnswer;
import dev.bitfleet.gateway.dialect.tools.ReadCall;
import java.util.List;

/** {@code chat.completion}, and {@code chat.completion.chunk} through {@link ChatChunks}. */
final class ChatFormat extends OpenAiFormat {
  private final ChatStyle style;

  ChatFormat(AnswerFrame frame, ChatStyle style) {
    super("chatcmpl-", "chat.completion", "chat.completion.chunk", "messages", frame);
    this.style = style;
  }

  @Override
  public boolean keepsTokens() {
    return style.logprobs();
  }

  @Override
  void choice(AnswerStamp stamp, int index, ChoiceAnswer choice, JsonBytes out) {
    ReadAnswer answer = ReadAnswer.of(choice.text(), style.callable());
    out.raw("\"message\":{\"role\":\"assistant\",\"content\":");
    answer.content().ifPresentOrElse(out::string, out::nul);
    out.raw(",\"refusal\":null");
    calls(stamp, index, answer.calls(), out);
    out.raw("},\"logprobs\":");
    if (style.logprobs()) {
      Logprobs.chat(choice.tokens(), out);
    } else {
      out.nul();
    }
    out.raw(",\"finish_reason\":")
        .string(
            style.finishReason(
                choice.finished().reason(),
                !answer.calls().isEmpty(),
                answer.calls().stream().anyMatch(call -> !call.whole())));
  }

  private void calls(AnswerStamp stamp, int index, List<ReadCall> calls, JsonBytes out) {
    if (calls.isEmpty()) {
      return;
    }
    switch (style.calls()) {
      case FUNCTION_CALL -> function(calls.getFirst(), out.raw(",\"function_call\":"));
      case TOOL_CALLS -> {
        out.raw(",\"tool_calls\":[");
        for (int i = 0; i < calls.size(); i++) {
          out.raw(i == 0 ? "{\"id\":" : ",{\"id\":")
              .string(CallIds.of(stamp.id(), index, i))
              .raw(",\"type\":\"function\",\"function\":");
          function(calls.get(i), out);
          out.raw("}");
        }
        out.raw("]");
      }
    }
  }

  private static void function(ReadCall call, JsonBytes out) {
    out.raw("{\"name\":")
        .string(call.name())
        .raw(",\"arguments\":")
        .string(call.arguments())
        .raw("}");
  }

  @Override
  StreamFormat chunks(AnswerStamp stamp, EventHead head, AnswerFrame frame) {
    return new ChatChunks(stamp, head, frame, style);
  }
}
