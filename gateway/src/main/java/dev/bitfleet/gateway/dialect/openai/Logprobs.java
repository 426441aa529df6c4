package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.proto.TokenDetail;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** Writes logprobs, in the form of chats and in that of completions. */
final class Logprobs {
  /** What OpenAI writes for a token that cannot be. */
  private static final double IMPOSSIBLE = -9999.0;

  private Logprobs() {}

  /** {@code {"content":[{token,logprob,bytes,top_logprobs}],"refusal":null}}. */
  static void chat(List<TokenDetail> tokens, JsonBytes out) {
    out.raw("{\"content\":[");
    for (int i = 0; i < tokens.size(); i++) {
      TokenDetail token = tokens.get(i);
      out.raw(i == 0 ? "{" : ",{");
      chatToken(token.bytes(), token.logprob().orElse(IMPOSSIBLE), out);
      out.raw(",\"top_logprobs\":[");
      for (int j = 0; j < token.top().size(); j++) {
        TokenDetail.Alternative top = token.top().get(j);
        out.raw(j == 0 ? "{" : ",{");
        chatToken(top.bytes(), top.logprob(), out);
        out.raw("}");
      }
      out.raw("]}");
    }
    out.raw("],\"refusal\":null}");
  }

  private static void chatToken(byte[] bytes, double logprob, JsonBytes out) {
    out.raw("\"token\":").string(text(bytes)).raw(",\"logprob\":").number(finite(logprob));
    out.raw(",\"bytes\":[");
    for (int i = 0; i < bytes.length; i++) {
      out.raw(i == 0 ? "" : ",").number(bytes[i] & 0xFF);
    }
    out.raw("]");
  }

  /**
   * {@code {"tokens","token_logprobs","top_logprobs","text_offset"}}. A prompt's first token
   * follows nothing, so it has null for both logprobs.
   *
   * @param cursor where in the answer's text the first of these tokens begins; is moved on
   */
  static void completion(List<TokenDetail> tokens, TextCursor cursor, JsonBytes out) {
    out.raw("{\"tokens\":[");
    for (int i = 0; i < tokens.size(); i++) {
      out.raw(i == 0 ? "" : ",").string(text(tokens.get(i).bytes()));
    }
    out.raw("],\"token_logprobs\":[");
    for (int i = 0; i < tokens.size(); i++) {
      out.raw(i == 0 ? "" : ",");
      OptionalDouble logprob = tokens.get(i).logprob();
      if (logprob.isPresent()) {
        out.number(finite(logprob.getAsDouble()));
      } else {
        out.nul();
      }
    }
    out.raw("],\"top_logprobs\":[");
    for (int i = 0; i < tokens.size(); i++) {
      out.raw(i == 0 ? "" : ",");
      if (tokens.get(i).logprob().isPresent()) {
        topMap(tokens.get(i), out);
      } else {
        out.nul();
      }
    }
    out.raw("],\"text_offset\":[");
    for (int i = 0; i < tokens.size(); i++) {
      out.raw(i == 0 ? "" : ",").number(cursor.pass(tokens.get(i).bytes()));
    }
    out.raw("]}");
  }

  private static void topMap(TokenDetail token, JsonBytes out) {
    // Tokens that are parts of characters may look the same; the likeliest keeps the name.
    Map<String, Double> top = new LinkedHashMap<>();
    for (TokenDetail.Alternative alternative : token.top()) {
      top.putIfAbsent(text(alternative.bytes()), alternative.logprob());
    }
    String separator = "{";
    for (Map.Entry<String, Double> entry : top.entrySet()) {
      out.raw(separator).string(entry.getKey()).raw(":").number(finite(entry.getValue()));
      separator = ",";
    }
    out.raw(top.isEmpty() ? "{}" : "}");
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static double finite(double logprob) {
    return Double.isFinite(logprob) ? logprob : IMPOSSIBLE;
  }
}
