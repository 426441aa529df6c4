package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import tools.jackson.databind.json.JsonMapper;

/** What the streams of chats and completions have in common. One thread. */
abstract class Chunks implements StreamFormat {
  private final EventHead head;
  private final String field;
  private final AnswerFrame frame;
  private final PromptUsage usage;
  private final byte[] end;

  /**
   * @param field the field after a choice's index, with its quotes and colon
   */
  Chunks(EventHead head, String field, AnswerFrame frame) {
    this.head = head;
    this.field = field;
    this.frame = frame;
    this.usage = new PromptUsage(frame.choicesPerPrompt());
    this.end = EventHead.usageField(frame.includeUsage());
  }

  /** Prepares a choice; whether it is the first time. */
  final boolean open(CompletionEvent.Opened event) {
    return head.open(event, field);
  }

  /** Begins a chunk of that choice, up to the value of its field. */
  final JsonBytes begin(int choice, JsonBytes out) {
    head.begin(choice, out);
    return out;
  }

  /** Ends a chunk of a choice that goes on, after its logprobs. */
  final void end(JsonBytes out) {
    out.raw(",\"finish_reason\":null}]").raw(end);
  }

  /** Ends the last chunk of a choice, after its logprobs. */
  final void end(CompletionEvent.Finished event, String finishReason, JsonBytes out) {
    usage.add(event.choice(), event.usage());
    out.raw(",\"finish_reason\":").string(finishReason).raw("}]");
    if (frame.timings()) {
      OpenAiFormat.timings(event, out);
    }
    head.truncation(out);
    out.raw(end);
  }

  @Override
  public final void complete(JsonBytes out) {
    if (frame.includeUsage()) {
      head.withoutChoices(out);
      out.raw(",\"choices\":[],\"usage\":");
      usage.write(out);
      head.truncation(out);
      out.raw("}\n\n");
    }
    out.raw(EventHead.DONE);
  }

  @Override
  public final void failed(ApiError error, JsonBytes out) {
    out.raw("data: {\"error\":")
        .raw(JsonMapper.shared().writeValueAsBytes(ErrorJson.body(error)))
        .raw("}\n\n");
  }
}
