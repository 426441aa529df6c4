package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.proto.TokenDetail;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** llama.cpp's {@code completion_probabilities}. */
final class Probabilities {
  /** JSON has no infinity; the least that llama.cpp writes. */
  private static final double IMPOSSIBLE = -Float.MAX_VALUE;

  private Probabilities() {}

  static ArrayNode of(List<TokenDetail> tokens) {
    ArrayNode list = JsonMapper.shared().createArrayNode();
    for (TokenDetail token : tokens) {
      ObjectNode entry = list.addObject();
      write(token.id(), token.bytes(), token.logprob().orElse(IMPOSSIBLE), entry);
      ArrayNode top = entry.putArray("top_logprobs");
      for (TokenDetail.Alternative likely : token.top()) {
        write(likely.id(), likely.bytes(), likely.logprob(), top.addObject());
      }
    }
    return list;
  }

  private static void write(int id, byte[] bytes, double logprob, ObjectNode entry) {
    entry.put("id", id);
    entry.put("token", new String(bytes, StandardCharsets.UTF_8));
    ArrayNode list = entry.putArray("bytes");
    for (byte b : bytes) {
      list.add(b & 0xFF);
    }
    entry.put("logprob", Double.isFinite(logprob) ? logprob : IMPOSSIBLE);
  }
}
