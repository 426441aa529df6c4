package dev.bitfleet.app.chat;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.StringNode;

/** A field of requests that a person has written. */
final class Option {
  private Option() {}

  /** JSON when it is some, else a text: nobody wants to put quotes around a word. */
  static JsonNode value(String text) {
    try {
      return JsonMapper.shared().readTree(text);
    } catch (JacksonException e) {
      return StringNode.valueOf(text);
    }
  }
}
