package dev.bitfleet.worker.engine.llamaserver;

import dev.bitfleet.proto.FinishReason;
import java.io.IOException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One line of a completion stream of llama-server: bitnet.cpp's form and the newer one of llama.cpp
 * ({@code stop_type} in place of three flags).
 */
sealed interface CompletionChunk {
  JsonMapper JSON = JsonMapper.builder().build();

  /** More text, possibly none. */
  record Text(String content) implements CompletionChunk {}

  /**
   * The last chunk.
   *
   * @param predicted drawn tokens, an end token included
   * @param evaluated prompt tokens that had to be computed
   */
  record Last(
      String content,
      FinishReason reason,
      int predicted,
      int evaluated,
      long prefillMicros,
      long decodeMicros)
      implements CompletionChunk {}

  /** The request failed, though its status was 200. */
  record Error(String message) implements CompletionChunk {}

  /** A comment or a line of no meaning here. */
  record Nothing() implements CompletionChunk {}

  /**
   * What a line says.
   *
   * @throws IOException when it is nothing that a llama-server writes
   */
  static CompletionChunk parse(String line) throws IOException {
    if (line.startsWith(":")) {
      return new Nothing();
    }
    boolean error = line.startsWith("error:");
    if (!error && !line.startsWith("data:")) {
      throw new IOException("it wrote a line that is neither data nor an error");
    }
    String body = line.substring(line.indexOf(':') + 1).strip();
    if (body.equals("[DONE]")) {
      return new Nothing();
    }
    JsonNode json;
    try {
      json = JSON.readTree(body);
    } catch (JacksonException e) {
      throw new IOException("it wrote a line that is not JSON", e);
    }
    JsonNode inner = json.path("error").isObject() ? json.path("error") : json;
    // A failed request also comes as a data line that is no chunk: it has a code and no stop.
    if (error || (!json.has("stop") && inner.has("message"))) {
      return new Error(inner.path("message").asString("without a message"));
    }
    if (!json.path("stop").isBoolean() || !json.path("content").isString()) {
      throw new IOException("it wrote a chunk without text or stop");
    }
    String content = json.path("content").asString();
    return json.path("stop").asBoolean() ? last(json, content) : new Text(content);
  }

  private static Last last(JsonNode json, String content) throws IOException {
    JsonNode timings = json.path("timings");
    return new Last(
        content,
        reason(json),
        count(json.path("tokens_predicted")),
        count(timings.path("prompt_n")),
        micros(timings.path("prompt_ms")),
        micros(timings.path("predicted_ms")));
  }

  private static FinishReason reason(JsonNode json) throws IOException {
    String type = json.path("stop_type").asString("");
    if (type.equals("eos") || json.path("stopped_eos").asBoolean(false)) {
      return FinishReason.STOP_TOKEN;
    }
    if (type.equals("word") || json.path("stopped_word").asBoolean(false)) {
      return FinishReason.STOP_STRING;
    }
    if (type.equals("limit") || json.path("stopped_limit").asBoolean(false)) {
      return FinishReason.LENGTH;
    }
    throw new IOException("it ended a completion without a reason");
  }

  private static int count(JsonNode node) {
    return node.isNumber() ? (int) Math.clamp(node.asLong(0), 0, Integer.MAX_VALUE) : 0;
  }

  private static long micros(JsonNode millis) {
    double value = millis.isNumber() ? millis.asDouble() : 0;
    return value > 0 && value < 1e12 ? (long) (value * 1000) : 0;
  }
}
