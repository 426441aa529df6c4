package dev.bitfleet.app.chat;

import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * How to chat.
 *
 * @param model empty: the first that the server lists
 * @param conversation id of one the server keeps, or {@code new}; empty: this client keeps the chat
 * @param system replaces the system prompt of a chat that is taken up again
 * @param options further fields of each request, such as temperature
 * @param figures whether to tell tokens and speed after each answer
 */
public record ChatWish(
    Optional<String> model,
    Optional<String> conversation,
    Optional<String> system,
    Map<String, JsonNode> options,
    boolean figures) {
  public ChatWish {
    options = Map.copyOf(options);
  }
}
