package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.ChoiceAnswer;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Sampling;
import dev.bitfleet.proto.TokenDetail;
import java.util.List;
import org.jspecify.annotations.Nullable;
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

  PlainFormat(CompletionRequest request) {
    this.request = request;
  }

  @Override
  public String promptField() {
    return "prompt";
  }

  @Override
  public void whole(AnswerStamp stamp, List<ChoiceAnswer> choices, JsonBytes out) {
    ChoiceAnswer choice = choices.getFirst();
    last(choice.opened(), choice.text(), choice.finished(), out);
  }

  @Override
  public StreamFormat stream(AnswerStamp stamp) {
    return new Stream();
  }

  private final class Stream implements StreamFormat {
    private CompletionEvent.@Nullable Opened opened;
    private int tokens;

    @Override
    public void opened(CompletionEvent.Opened event, JsonBytes out) {
      opened = event;
    }

    @Override
    public void delta(CompletionEvent.Delta event, JsonBytes out) {
      tokens += event.tokens().size();
      out.raw("data: {\"index\":0,\"content\":").string(event.text()).raw(",\"tokens\":[");
      String separator = "";
      for (TokenDetail token : event.tokens()) {
        out.raw(separator).number(token.id());
        separator = ",";
      }
      out.raw("],\"stop\":false,\"id_slot\":0,\"tokens_predicted\":")
          .number(tokens)
          .raw(",\"tokens_evaluated\":")
          .number(opened == null ? 0 : opened.promptTokens())
          .raw("}\n\n");
    }

    @Override
    public void finished(CompletionEvent.Finished event, JsonBytes out) {
      if (opened == null) {
        throw new IllegalStateException("finished before it was opened");
      }
      out.raw("data: ");
      last(opened, "", event, out);
      out.raw("\n\n");
    }

    @Override
    public void complete(JsonBytes out) {
      // llama.cpp ends with the chunk that has stop true.
    }

    @Override
    public void failed(ApiError error, JsonBytes out) {
      out.raw("data: {\"error\":")
          .raw(MAPPER.writeValueAsBytes(ErrorJson.body(error)))
          .raw("}\n\n");
    }
  }

  private void last(
      CompletionEvent.Opened opened,
      String text,
      CompletionEvent.Finished finished,
      JsonBytes out) {
    FinishReason reason = finished.reason();
    int computed = finished.usage().promptTokens() - finished.usage().cachedTokens();
    ObjectNode answer = MAPPER.createObjectNode();
    answer.put("index", 0);
    answer.put("content", text);
    answer.putArray("tokens");
    answer.put("id_slot", 0);
    answer.put("slot_id", 0);
    answer.put("stop", true);
    answer.put("model", opened.model());
    answer.put("tokens_predicted", finished.usage().completionTokens());
    answer.put("tokens_evaluated", finished.usage().promptTokens());
    answer.put("tokens_cached", finished.usage().totalTokens());
    answer.set("generation_settings", settings(opened));
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
    ObjectNode timings = answer.putObject("timings");
    timings.put("cache_n", finished.usage().cachedTokens());
    timing(timings, "prompt", computed, finished.prefillMicros());
    timing(timings, "predicted", finished.usage().completionTokens(), finished.decodeMicros());
    out.raw(MAPPER.writeValueAsBytes(answer));
  }

  private static void timing(ObjectNode into, String name, int tokens, long micros) {
    into.put(name + "_n", tokens);
    into.put(name + "_ms", micros / 1e3);
    into.put(name + "_per_token_ms", tokens == 0 ? 0 : micros / 1e3 / tokens);
    into.put(name + "_per_second", micros == 0 ? 0 : tokens * 1e6 / micros);
  }

  private ObjectNode settings(CompletionEvent.Opened opened) {
    Sampling sampling = request.sampling();
    int limit = request.maxTokens() == 0 ? -1 : request.maxTokens();
    ObjectNode settings = MAPPER.createObjectNode();
    settings.put("model", opened.model());
    settings.put("n_predict", limit);
    settings.put("max_tokens", limit);
    settings.put("n_ctx", request.contextLimit());
    settings.put("seed", sampling.seed());
    settings.put("temperature", sampling.temperature());
    settings.put("top_k", sampling.topK());
    settings.put("top_p", sampling.topP());
    settings.put("min_p", sampling.minP());
    settings.put("typical_p", sampling.typicalP());
    settings.put("repeat_penalty", sampling.repeatPenalty());
    settings.put("repeat_last_n", sampling.repeatLastN());
    settings.put("presence_penalty", sampling.presencePenalty());
    settings.put("frequency_penalty", sampling.frequencyPenalty());
    settings.put("ignore_eos", request.ignoreEndTokens());
    settings.put("stream", request.delivery() == Delivery.STREAMED);
    ArrayNode stop = settings.putArray("stop");
    request.stopStrings().forEach(stop::add);
    return settings;
  }
}
