package dev.bitfleet.worker.engine;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How the hidden states of a text's tokens become one embedding. */
public enum Pooling {
  /** Not at all: the model generates. */
  NONE,
  /** Their mean. */
  MEAN,
  /** The first token's. */
  CLS,
  /** The last token's. */
  LAST;

  /** As options and flags name it. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The one of that name; empty when there is none. */
  public static Optional<Pooling> named(String name) {
    return Arrays.stream(values()).filter(pooling -> pooling.wireName().equals(name)).findFirst();
  }
}
