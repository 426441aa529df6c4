package dev.bitfleet.proto;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;

/**
 * One emitted token.
 *
 * @param bytes the token's own bytes, not necessarily whole UTF-8; never changed after construction
 * @param logprob natural logarithm of its probability before any sampling rule, when asked for
 * @param top the likeliest tokens at its place, likeliest first
 */
public record TokenDetail(int id, byte[] bytes, OptionalDouble logprob, List<Alternative> top) {

  /** One of the likeliest tokens at a place. */
  public record Alternative(int id, byte[] bytes, double logprob) {
    public Alternative {
      Objects.requireNonNull(bytes);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Alternative that
          && id == that.id
          && logprob == that.logprob
          && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
      return Objects.hash(id, logprob, Arrays.hashCode(bytes));
    }
  }

  public TokenDetail {
    Objects.requireNonNull(bytes);
    Objects.requireNonNull(logprob);
    top = List.copyOf(top);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TokenDetail that
        && id == that.id
        && Arrays.equals(bytes, that.bytes)
        && logprob.equals(that.logprob)
        && top.equals(that.top);
  }

  @Override
  public int hashCode() {
    return Objects.hash(id, Arrays.hashCode(bytes), logprob, top);
  }
}
