package dev.bitfleet.gateway.dialect.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.dialect.JsonBytes;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes the events of one response, each a whole server-sent event with the blank line after it.
 * The n-th event, counted from 0, has {@code sequence_number} n. One thread.
 */
final class ResponseEvents {
  private static final byte[] END = "}\n\n".getBytes(StandardCharsets.US_ASCII);

  private final Consumer<byte[]> sink;
  private final JsonBytes out = new JsonBytes(512);
  private long next;

  ResponseEvents(Consumer<byte[]> sink) {
    this.sink = sink;
  }

  private JsonBytes begin(String type) {
    out.clear();
    return out.raw("event: ")
        .raw(type)
        .raw("\ndata: {\"type\":\"")
        .raw(type)
        .raw("\",\"sequence_number\":")
        .number(next++);
  }

  private void end() {
    sink.accept(out.raw(END).toByteArray());
  }

  /** An event about the response as a whole. */
  void response(String type, JsonNode response) {
    begin(type).raw(",\"response\":").raw(JsonMapper.shared().writeValueAsBytes(response));
    end();
  }

  /** The same, but not given to the sink, and its number is not used up. */
  byte[] last(String type, JsonNode response) {
    begin(type).raw(",\"response\":").raw(JsonMapper.shared().writeValueAsBytes(response));
    next--;
    return out.raw(END).toByteArray();
  }

  void item(String type, int index, JsonNode item) {
    begin(type)
        .raw(",\"output_index\":")
        .number(index)
        .raw(",\"item\":")
        .raw(JsonMapper.shared().writeValueAsBytes(item));
    end();
  }

  void part(String type, String itemId, int index, JsonNode part) {
    within(type, itemId, index)
        .raw(",\"content_index\":0,\"part\":")
        .raw(JsonMapper.shared().writeValueAsBytes(part));
    end();
  }

  private JsonBytes within(String type, String itemId, int index) {
    return begin(type).raw(",\"item_id\":\"").raw(itemId).raw("\",\"output_index\":").number(index);
  }

  /**
   * @param logprobs JSON text of a list
   */
  void text(
      String type, String itemId, int index, String field, CharSequence text, byte[] logprobs) {
    within(type, itemId, index)
        .raw(",\"content_index\":0,\"")
        .raw(field)
        .raw("\":")
        .string(text)
        .raw(",\"logprobs\":")
        .raw(logprobs);
    end();
  }

  void argumentsDelta(String itemId, int index, CharSequence delta) {
    within("response.function_call_arguments.delta", itemId, index)
        .raw(",\"delta\":")
        .string(delta);
    end();
  }

  void argumentsDone(String itemId, int index, String name, CharSequence arguments) {
    within("response.function_call_arguments.done", itemId, index)
        .raw(",\"name\":")
        .string(name)
        .raw(",\"arguments\":")
        .string(arguments);
    end();
  }

  /**
   * The event that a stream ends with when it cannot go on as it should.
   *
   * @param number of the event before it, plus one
   */
  static byte[] error(ApiError error, long number) {
    JsonBytes out = new JsonBytes(256);
    out.raw("event: error\ndata: {\"type\":\"error\",\"sequence_number\":")
        .number(number)
        .raw(",\"code\":")
        .string(error.code())
        .raw(",\"message\":")
        .string(error.message())
        .raw(",\"param\":");
    @Nullable String param = error.param().orElse(null);
    if (param == null) {
      out.nul();
    } else {
      out.string(param);
    }
    return out.raw(END).toByteArray();
  }
}
