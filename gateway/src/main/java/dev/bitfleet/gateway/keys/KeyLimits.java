package dev.bitfleet.gateway.keys;

import java.util.OptionalInt;
import java.util.OptionalLong;

/** How much a key may use; each absent = without a limit. */
public record KeyLimits(
    OptionalInt requestsPerMinute, OptionalLong tokensPerMinute, OptionalInt concurrent) {
  /** Without any limit. */
  public static final KeyLimits NONE =
      new KeyLimits(OptionalInt.empty(), OptionalLong.empty(), OptionalInt.empty());

  public KeyLimits {
    if (requestsPerMinute.orElse(1) < 1
        || tokensPerMinute.orElse(1) < 1
        || concurrent.orElse(1) < 1) {
      throw new IllegalArgumentException("a limit is less than 1");
    }
  }
}
