package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.gateway.dialect.Timings;
import dev.bitfleet.proto.FinishReason;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/**
 * What chats and completions have in common: head, list of choices, usage, and the end of a stream.
 * The choices themselves are the subclass's.
 */
abstract class OpenAiFormat implements AnswerFormat {
  private final String idPrefix;
  private final String object;
  private final String chunkObject;
  private final String promptField;
  private final AnswerFrame frame;

  /**
   * @param object name of a whole answer
   * @param chunkObject name of a piece of a stream
   */
  OpenAiFormat(
      String idPrefix, String object, String chunkObject, String promptField, AnswerFrame frame) {
    this.idPrefix = idPrefix;
    this.object = object;
    this.chunkObject = chunkObject;
    this.promptField = promptField;
    this.frame = frame;
  }

  @Override
  public final String promptField() {
    return promptField;
  }

  @Override
  public final ApiError describe(CompletionFailure failure) {
    return frame.describe(failure, promptField);
  }

  @Override
  public final void whole(AnswerStamp stamp, List<ChoiceAnswer> choices, JsonBytes out) {
    PromptUsage usage = new PromptUsage(frame.choicesPerPrompt());
    for (int i = 0; i < choices.size(); i++) {
      usage.add(i, choices.get(i).finished().usage());
    }
    EventHead head = new EventHead(idPrefix, object, stamp, frame.serviceTier());
    head.answer(choices.getFirst().opened(), out);
    out.raw(",\"choices\":[");
    List<ChoiceAnswer> shown = shown(choices);
    for (int i = 0; i < shown.size(); i++) {
      out.raw(i == 0 ? "{\"index\":" : ",{\"index\":").number(i).raw(",");
      choice(stamp, i, shown.get(i), out);
      out.raw("}");
    }
    out.raw("],\"usage\":");
    usage.write(out);
    if (frame.timings()) {
      timings(choices.getFirst().finished(), out);
    }
    head.truncation(out);
    out.raw("}");
  }

  /** Those of the choices that the client gets. */
  List<ChoiceAnswer> shown(List<ChoiceAnswer> choices) {
    return choices;
  }

  /** Writes the fields of a choice after its index. */
  abstract void choice(AnswerStamp stamp, int index, ChoiceAnswer choice, JsonBytes out);

  /** OpenAI has one word for both ways of stopping in good order. */
  static String finishReason(FinishReason reason) {
    return switch (reason) {
      case STOP_TOKEN, STOP_STRING, CANCELLED -> "stop";
      case LENGTH -> "length";
    };
  }

  static void timings(CompletionEvent.Finished finished, JsonBytes out) {
    JsonMapper mapper = JsonMapper.shared();
    out.raw(",\"timings\":")
        .raw(mapper.writeValueAsBytes(Timings.write(finished, mapper.createObjectNode())));
  }

  @Override
  public final StreamFormat stream(AnswerStamp stamp) {
    return chunks(stamp, new EventHead(idPrefix, chunkObject, stamp, frame.serviceTier()), frame);
  }

  /** Writes the events of a stream. */
  abstract StreamFormat chunks(AnswerStamp stamp, EventHead head, AnswerFrame frame);
}
