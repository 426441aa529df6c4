package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.http.Caller;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * What a request for a response reaches beyond generating: things that are kept, which not every
 * caller may. The route asks for what all of its requests need, this for the rest.
 */
final class Reach {
  /** Fields that name what is kept. */
  private static final List<String> NAMING = List.of("previous_response_id", "conversation");

  /** Fields that have something kept. */
  private static final List<String> KEEPING = List.of("store", "background");

  private Reach() {}

  /**
   * Refuses fields that the caller lacks the scope for.
   *
   * @param body fits the contract
   * @param keeps whether what the request makes would be kept at all
   */
  static void requireFor(Caller caller, JsonNode body, boolean keeps) {
    for (String name : NAMING) {
      JsonNode value = body.path(name);
      boolean empty = value.isMissingNode() || value.isNull() || value.stringValue("-").isEmpty();
      if (!empty) {
        caller.requireConversations(name);
      }
    }
    if (keeps) {
      for (String name : KEEPING) {
        if (body.path(name).booleanValue(false)) {
          caller.requireConversations(name);
        }
      }
    }
  }

  /** Refuses references to items of elsewhere. */
  static ResponseCall requireFor(Caller caller, ResponseCall call) {
    for (int i = 0; i < call.input().size(); i++) {
      if (Items.typeOf(call.input().get(i)).equals(Items.ITEM_REFERENCE)) {
        caller.requireConversations("input[" + i + "]");
      }
    }
    return call;
  }
}
