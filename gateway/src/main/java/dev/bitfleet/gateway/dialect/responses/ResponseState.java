package dev.bitfleet.gateway.dialect.responses;

import dev.bitfleet.gateway.completion.Dropped;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.proto.Usage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What a response has come to so far, and the JSON that says so. One thread. */
public final class ResponseState {
  private final ResponseCall call;
  private final List<ObjectNode> output = new ArrayList<>();
  private ResponseStatus status;
  private String model;
  private @Nullable ApiError error;
  private @Nullable Usage usage;
  private long completedAt;
  private Dropped dropped = Dropped.NOTHING;

  /**
   * @param servedModel the model that will answer, as far as that is known; may be empty
   */
  public ResponseState(ResponseCall call, String servedModel) {
    this.call = call;
    this.model = servedModel.isEmpty() ? call.model().orElse("") : servedModel;
    this.status = call.mode().background() ? ResponseStatus.QUEUED : ResponseStatus.IN_PROGRESS;
  }

  public ResponseCall call() {
    return call;
  }

  public ResponseStatus status() {
    return status;
  }

  /** Items that are finished, by index. */
  public List<ObjectNode> output() {
    return output;
  }

  /** Says how much of the context was left out so that it fits. */
  public void dropped(Dropped left) {
    dropped = left;
  }

  public Dropped dropped() {
    return dropped;
  }

  void began(String servedModel) {
    model = servedModel;
    status = ResponseStatus.IN_PROGRESS;
    output.clear();
  }

  void ended(boolean whole, Usage used, long now) {
    usage = used;
    status = whole ? ResponseStatus.COMPLETED : ResponseStatus.INCOMPLETE;
    completedAt = now;
  }

  void failed(ApiError why) {
    status = ResponseStatus.FAILED;
    error = why;
  }

  void cancelled() {
    status = ResponseStatus.CANCELLED;
  }

  /** The response object. A new one each time. */
  public ObjectNode json() {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put("id", call.id());
    json.put("object", "response");
    json.put("created_at", call.created());
    json.put("status", status.wireName());
    if (status == ResponseStatus.COMPLETED) {
      json.put("completed_at", completedAt);
    } else {
      json.putNull("completed_at");
    }
    json.set("error", error == null ? json.nullNode() : errorJson(error));
    if (status == ResponseStatus.INCOMPLETE) {
      json.putObject("incomplete_details").put("reason", "max_output_tokens");
    } else {
      json.putNull("incomplete_details");
    }
    json.put("model", model);
    json.putArray("output").addAll(output);
    for (var field : call.echo().properties()) {
      json.set(field.getKey(), field.getValue());
    }
    if (dropped.any()) {
      json.putObject("dropped").put("messages", dropped.messages()).put("tokens", dropped.tokens());
    }
    Usage used = usage;
    if (used == null) {
      json.putNull("usage");
    } else {
      json.set("usage", usageJson(used));
    }
    return json;
  }

  private static ObjectNode usageJson(Usage used) {
    ObjectNode usage = JsonMapper.shared().createObjectNode();
    usage.put("input_tokens", used.promptTokens());
    usage
        .putObject("input_tokens_details")
        .put("cached_tokens", used.cachedTokens())
        // Prefixes are kept without being asked for, and nobody pays for it.
        .put("cache_write_tokens", 0);
    usage.put("output_tokens", used.completionTokens());
    usage.putObject("output_tokens_details").put("reasoning_tokens", 0);
    usage.put("total_tokens", used.promptTokens() + used.completionTokens());
    return usage;
  }

  /** OpenAI has a short list of codes here; ours are told in the message. */
  private static JsonNode errorJson(ApiError error) {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put(
        "code",
        switch (error.type()) {
          case ApiError.RATE_LIMIT -> "rate_limit_exceeded";
          case ApiError.INVALID_REQUEST -> "invalid_prompt";
          default -> "server_error";
        });
    json.put("message", error.message());
    return json;
  }
}
