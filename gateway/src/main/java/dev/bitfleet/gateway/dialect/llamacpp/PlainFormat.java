package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.gateway.dialect.Timings;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TokenDetail;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The answer of llama.cpp's server: the fields of the present one and, beside them, those that
 * older ones had. Slots belong to the fleet, so the slot is always 0.
 */
final class PlainFormat implements AnswerFormat {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private final CompletionRequest request;
  private final PlainStyle style;

  PlainFormat(CompletionRequest request, PlainStyle style) {
    this.request = request;
    this.style = style;
  }

  @Override
  public String promptField() {
    return "prompt";
  }

  @Override
  public boolean keepsTokens() {
    return style.tokens() || style.probabilities() || request.delivery() == Delivery.STREAMED;
  }

  @Override
  public void whole(AnswerStamp stamp, List<ChoiceAnswer> choices, JsonBytes out) {
    if (choices.size() == 1) {
      out.raw(MAPPER.writeValueAsBytes(whole(choices.getFirst())));
      return;
    }
    ArrayNode all = MAPPER.createArrayNode();
    choices.forEach(choice -> all.add(whole(choice)));
    out.raw(MAPPER.writeValueAsBytes(all));
  }

  private ObjectNode whole(ChoiceAnswer choice) {
    ObjectNode answer = last(choice.opened(), choice.text(), choice.finished());
    if (style.tokens()) {
      ArrayNode tokens = answer.putArray("tokens");
      choice.tokens().forEach(token -> tokens.add(token.id()));
    }
    if (style.probabilities()) {
      answer.set("completion_probabilities", Probabilities.of(choice.tokens()));
    }
    return ResponseFields.select(answer, style.fields());
  }

  @Override
  public StreamFormat stream(AnswerStamp stamp) {
    return new PlainChunks(this, style);
  }

  /** The whole answer but for its tokens; a stream ends with it, without its text. */
  ObjectNode last(CompletionEvent.Opened opened, String text, CompletionEvent.Finished finished) {
    FinishReason reason = finished.reason();
    ObjectNode answer = MAPPER.createObjectNode();
    answer.put("index", opened.choice());
    answer.put("content", text);
    answer.putArray("tokens");
    answer.put("id_slot", 0);
    answer.put("slot_id", 0);
    answer.put("stop", true);
    answer.put("model", opened.model());
    answer.put("tokens_predicted", finished.usage().completionTokens());
    answer.put("tokens_evaluated", finished.usage().promptTokens());
    answer.put("tokens_cached", finished.usage().totalTokens());
    answer.set("generation_settings", GenerationSettings.of(request, opened.model()));
    if (style.promptOf(opened.choice()) instanceof Prompt.Text prompt) {
      answer.put("prompt", prompt.text());
    }
    answer.put("has_new_line", text.indexOf('\n') >= 0);
    answer.put("truncated", false);
    answer.put(
        "stop_type",
        switch (reason) {
          case STOP_TOKEN -> "eos";
          case STOP_STRING -> "word";
          case LENGTH -> "limit";
          case CANCELLED -> "none";
        });
    answer.put("stopped_eos", reason == FinishReason.STOP_TOKEN);
    answer.put("stopped_word", reason == FinishReason.STOP_STRING);
    answer.put("stopped_limit", reason == FinishReason.LENGTH);
    answer.put("stopping_word", finished.matchedStop());
    Timings.write(finished, answer.putObject("timings"));
    return answer;
  }

  /** Ids of tokens, as a chunk has them. */
  static void ids(List<TokenDetail> tokens, JsonBytes out) {
    String separator = "";
    for (TokenDetail token : tokens) {
      out.raw(separator).number(token.id());
      separator = ",";
    }
  }
}
