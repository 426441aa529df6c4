package dev.bitfleet.worker.engine;

import java.util.List;

/**
 * What a prompt is in tokens.
 *
 * @param ids empty when the prompt was too long to be tokenized
 * @param pieces by place, the bytes of each token, a control token's name; empty unless asked for
 * @param count of tokens; a lower bound where {@code ids} is empty for being too long
 */
public record Tokenization(List<Integer> ids, List<byte[]> pieces, int count) {
  public Tokenization {
    ids = List.copyOf(ids);
    pieces = List.copyOf(pieces);
  }

  /** Whether the count is exact. */
  public boolean counted() {
    return count == ids.size();
  }
}
