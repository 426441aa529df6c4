package dev.bitfleet.gateway.contract;

import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes the error envelope. */
public final class ErrorJson {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private ErrorJson() {}

  /** {@code {"error":{…}}}. */
  public static byte[] envelope(ApiError error) {
    return MAPPER.writeValueAsBytes(Map.of("error", body(error)));
  }

  /** What stands under {@code error}. */
  public static ObjectNode body(ApiError error) {
    ObjectNode body = MAPPER.createObjectNode();
    body.put("message", error.message());
    body.put("type", error.type());
    body.put("param", error.param().orElse(null));
    body.put("code", error.code());
    return body;
  }
}
