package dev.bitfleet.gateway.dialect.llamacpp;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * llama.cpp's {@code response_fields}: names of fields that an answer is to have; what lies deeper
 * is named with slashes, and comes out at the top under that name. What is not there is left out.
 */
final class ResponseFields {
  private ResponseFields() {}

  /**
   * Those fields of the answer.
   *
   * @param names none = all of it
   */
  static ObjectNode select(ObjectNode answer, List<String> names) {
    if (names.isEmpty()) {
      return answer;
    }
    ObjectNode selected = JsonMapper.shared().createObjectNode();
    for (String name : names) {
      JsonNode value = answer;
      for (String step : name.split("/", -1)) {
        value = value.path(step);
      }
      if (!value.isMissingNode()) {
        selected.set(name, value);
      }
    }
    return selected;
  }
}
