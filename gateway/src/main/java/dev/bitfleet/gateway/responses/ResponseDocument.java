package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.dialect.responses.ResponseState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A response as it is kept.
 *
 * @param response the object that clients get
 * @param input the items its request brought along, references resolved
 */
record ResponseDocument(JsonNode response, List<JsonNode> input) {

  static ResponseDocument of(ResponseState state, List<ObjectNode> input) {
    return new ResponseDocument(state.json(), List.copyOf(input));
  }

  static ResponseDocument read(byte[] body) {
    JsonNode tree = JsonMapper.shared().readTree(body);
    List<JsonNode> input = new ArrayList<>();
    tree.path("input").forEach(input::add);
    return new ResponseDocument(tree.path("response"), input);
  }

  byte[] bytes() {
    ObjectNode tree = JsonMapper.shared().createObjectNode();
    tree.set("response", response);
    tree.putArray("input").addAll(input);
    return JsonMapper.shared().writeValueAsBytes(tree);
  }

  byte[] responseBytes() {
    return JsonMapper.shared().writeValueAsBytes(response);
  }

  String id() {
    return Items.idOf(response);
  }

  boolean background() {
    return response.path("background").booleanValue(false);
  }

  boolean running() {
    String status = response.path("status").stringValue("");
    return status.equals("queued") || status.equals("in_progress");
  }

  /** Whether it has said all that it was to say. */
  boolean answered() {
    String status = response.path("status").stringValue("");
    return status.equals("completed") || status.equals("incomplete");
  }

  Optional<String> previous() {
    return Optional.ofNullable(response.path("previous_response_id").stringValue(null));
  }

  Optional<String> conversation() {
    return Optional.ofNullable(response.path("conversation").path("id").stringValue(null));
  }

  /**
   * The same as what a chain goes on from: without the probabilities of its tokens, which may be a
   * thousand times the text and which no model is told. Changes this one, too.
   */
  ResponseDocument link() {
    for (JsonNode item : response.path("output")) {
      for (JsonNode part : item.path("content")) {
        if (part instanceof ObjectNode text && text.has("logprobs")) {
          text.putArray("logprobs");
        }
      }
    }
    return this;
  }

  /** The same, come to nothing. */
  ResponseDocument failed(String message) {
    ObjectNode failed = ((ObjectNode) response).deepCopy();
    failed.put("status", "failed");
    failed.putObject("error").put("code", "server_error").put("message", message);
    return new ResponseDocument(failed, input);
  }

  /** The same, called off before it began. */
  ResponseDocument cancelled() {
    ObjectNode cancelled = ((ObjectNode) response).deepCopy();
    cancelled.put("status", "cancelled");
    return new ResponseDocument(cancelled, input);
  }

  /** The same with nothing of what it said. */
  ResponseDocument withoutOutput() {
    ObjectNode empty = ((ObjectNode) response).deepCopy();
    empty.putArray("output");
    return new ResponseDocument(empty, input);
  }

  /** Input, then output. */
  List<JsonNode> items() {
    List<JsonNode> items = new ArrayList<>(input);
    response.path("output").forEach(items::add);
    return items;
  }
}
