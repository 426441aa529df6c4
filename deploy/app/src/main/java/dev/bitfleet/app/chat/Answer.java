package dev.bitfleet.app.chat;

import java.time.Duration;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * An answer that has come in whole, or as far as it came.
 *
 * @param reason the server's finish reason; empty when it was interrupted
 * @param pieces chunks with text: the tokens, when the server does not count them
 * @param firstPiece from the request to the first text
 * @param total from the request to the end
 * @param dropped old messages that the server left out because the context was full
 */
record Answer(
    String text,
    String reason,
    int pieces,
    OptionalInt promptTokens,
    OptionalInt cachedTokens,
    OptionalInt completionTokens,
    Duration firstPiece,
    Duration total,
    int dropped) {

  /** As a person reads it: how much, how fast. */
  String figures() {
    int tokens = completionTokens.orElse(pieces);
    double writing = total.minus(firstPiece).toNanos() / 1e9;
    var text = new StringBuilder().append(tokens).append(tokens == 1 ? " token" : " tokens");
    if (tokens > 1 && writing > 0) {
      text.append(String.format(Locale.ROOT, ", %.1f tokens/s", (tokens - 1) / writing));
    }
    if (pieces > 0) {
      text.append(String.format(Locale.ROOT, ", first after %.2f s", firstPiece.toNanos() / 1e9));
    }
    promptTokens.ifPresent(
        prompt -> {
          text.append(", prompt ").append(prompt);
          if (cachedTokens.orElse(0) > 0) {
            text.append(" (").append(cachedTokens.getAsInt()).append(" cached)");
          }
        });
    if (reason.equals("length")) {
      text.append(", cut at the limit");
    }
    if (dropped > 0) {
      text.append(", ").append(dropped).append(" oldest messages left out");
    }
    return text.toString();
  }
}
