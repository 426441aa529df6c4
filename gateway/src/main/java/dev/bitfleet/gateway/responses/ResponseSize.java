package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.proto.TokenDetail;

/**
 * About how large the JSON of a response's output has become. Probabilities are what makes it
 * large, and they stand in each of its closing events and in the response itself: whether that will
 * be too much has to be known before it is made. One thread.
 */
final class ResponseSize {
  /** Bytes of output that a response may have, whoever is to get it. */
  static final long MOST = 8L << 20;

  /** Of a token's probability: its text, its bytes as a list of numbers, and the names of all. */
  private static final int PROBABILITY = 112;

  private final boolean probabilities;
  private final long most;
  private long bytes;

  /**
   * @param most bytes of output
   */
  ResponseSize(boolean probabilities, long most) {
    this.probabilities = probabilities;
    this.most = most;
  }

  void add(CompletionEvent.Delta delta) {
    bytes += delta.text().length();
    if (probabilities) {
      for (TokenDetail token : delta.tokens()) {
        bytes += (1L + token.top().size()) * PROBABILITY;
      }
    }
  }

  boolean exceeded() {
    return bytes > most;
  }

  /** Whether writing all of it takes long. */
  boolean large() {
    return bytes > 64 << 10;
  }
}
