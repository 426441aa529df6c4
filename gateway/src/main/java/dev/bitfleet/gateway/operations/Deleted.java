package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.http.Exchange;
import io.vertx.core.Future;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What is answered when something has been deleted, as OpenAI has it. */
public final class Deleted {
  private Deleted() {}

  /**
   * Answers once it is gone.
   *
   * @param object the type that the answer names
   */
  public static void answer(Exchange exchange, Future<Void> gone, String id, String object) {
    exchange.settling(
        gone,
        done -> {
          ObjectNode json = JsonMapper.shared().createObjectNode();
          json.put("id", id);
          json.put("object", object);
          json.put("deleted", true);
          exchange.json(200, JsonMapper.shared().writeValueAsBytes(json));
        });
  }
}
