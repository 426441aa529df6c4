package dev.bitfleet.gateway.dialect.generate;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.proto.FinishReason;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code text_generation}: text, token counts and the seconds that the engine took. A stream has
 * the text in pieces, and all the rest in its last chunk.
 */
final class GenerateFormat implements AnswerFormat {
  private static final JsonMapper MAPPER = JsonMapper.shared();
  private static final String PROMPT = "prompt";

  @Override
  public String promptField() {
    return PROMPT;
  }

  @Override
  public boolean keepsTokens() {
    return false;
  }

  @Override
  public ApiError describe(CompletionFailure failure) {
    return Failures.describeWithTooLarge(failure, PROMPT);
  }

  @Override
  public void whole(AnswerStamp stamp, List<ChoiceAnswer> choices, JsonBytes out) {
    ChoiceAnswer choice = choices.getFirst();
    ObjectNode answer = head(stamp, choice.opened());
    answer.put("text", choice.text());
    end(choice.finished(), answer);
    out.raw(MAPPER.writeValueAsBytes(answer));
  }

  private static ObjectNode head(AnswerStamp stamp, CompletionEvent.Opened opened) {
    ObjectNode answer = MAPPER.createObjectNode();
    answer.put("id", "gen-" + stamp.id());
    answer.put("object", "text_generation");
    answer.put("created", stamp.created());
    answer.put("model", opened.model());
    return answer;
  }

  private static void end(CompletionEvent.Finished finished, ObjectNode answer) {
    answer.put("finish_reason", finished.reason() == FinishReason.LENGTH ? "length" : "stop");
    answer.put("prompt_tokens", finished.usage().promptTokens());
    answer.put("completion_tokens", finished.usage().completionTokens());
    answer.put("total_tokens", finished.usage().totalTokens());
    answer.put("cached_tokens", finished.usage().cachedTokens());
    long micros = finished.prefillMicros() + finished.decodeMicros();
    answer.put("generation_time", micros / 1e6);
    answer.put(
        "tokens_per_second",
        finished.decodeMicros() == 0
            ? 0
            : finished.usage().completionTokens() * 1e6 / finished.decodeMicros());
  }

  @Override
  public StreamFormat stream(AnswerStamp stamp) {
    return new Chunks(stamp);
  }

  private static final class Chunks implements StreamFormat {
    private final AnswerStamp stamp;
    private ObjectNode head = MAPPER.createObjectNode();

    Chunks(AnswerStamp stamp) {
      this.stamp = stamp;
    }

    @Override
    public void opened(CompletionEvent.Opened event, JsonBytes out) {
      head = head(stamp, event);
    }

    @Override
    public void delta(CompletionEvent.Delta event, JsonBytes out) {
      if (!event.text().isEmpty()) {
        ObjectNode chunk = head.deepCopy();
        chunk.put("text", event.text());
        chunk.putNull("finish_reason");
        event(chunk, out);
      }
    }

    @Override
    public void finished(CompletionEvent.Finished event, JsonBytes out) {
      ObjectNode chunk = head.deepCopy();
      chunk.put("text", "");
      end(event, chunk);
      event(chunk, out);
    }

    private static void event(ObjectNode chunk, JsonBytes out) {
      out.raw("data: ").raw(MAPPER.writeValueAsBytes(chunk)).raw("\n\n");
    }

    @Override
    public void complete(JsonBytes out) {
      out.raw("data: [DONE]\n\n");
    }

    @Override
    public void failed(ApiError error, JsonBytes out) {
      ObjectNode body = MAPPER.createObjectNode();
      body.set("error", ErrorJson.body(error));
      event(body, out);
    }
  }
}
