package dev.bitfleet.gateway.dialect.responses;

import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.proto.TokenDetail;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes the logprobs of output text: {@code [{token,logprob,bytes,top_logprobs}]}. */
final class OutputLogprobs {
  static final byte[] NONE = {'[', ']'};

  /** What OpenAI writes for a token that cannot be. */
  private static final double IMPOSSIBLE = -9999.0;

  private OutputLogprobs() {}

  static byte[] of(List<TokenDetail> tokens) {
    if (tokens.isEmpty()) {
      return NONE;
    }
    JsonBytes out = new JsonBytes(128 * tokens.size());
    String separator = "[";
    for (TokenDetail token : tokens) {
      out.raw(separator);
      token(token.bytes(), token.logprob().orElse(IMPOSSIBLE), out);
      out.raw(",\"top_logprobs\":[");
      String comma = "";
      for (TokenDetail.Alternative top : token.top()) {
        out.raw(comma);
        token(top.bytes(), top.logprob(), out);
        out.raw("}");
        comma = ",";
      }
      out.raw("]}");
      separator = ",";
    }
    return out.raw("]").toByteArray();
  }

  private static void token(byte[] bytes, double logprob, JsonBytes out) {
    out.raw("{\"token\":")
        .string(new String(bytes, StandardCharsets.UTF_8))
        .raw(",\"logprob\":")
        .number(Double.isFinite(logprob) ? logprob : IMPOSSIBLE)
        .raw(",\"bytes\":[");
    for (int i = 0; i < bytes.length; i++) {
      out.raw(i == 0 ? "" : ",").number(bytes[i] & 0xFF);
    }
    out.raw("]");
  }
}
