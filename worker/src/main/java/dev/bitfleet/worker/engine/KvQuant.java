package dev.bitfleet.worker.engine;

import java.util.Arrays;
import java.util.Optional;

/** What keys and values are rounded to in an engine's KV cache. */
public enum KvQuant {
  /** 16-bit floats. */
  NONE("none"),
  /** Bytes, a scale for each head of each position. */
  INT8("int8");

  private final String name;

  KvQuant(String name) {
    this.name = name;
  }

  /** As options and flags name it. */
  public String wireName() {
    return name;
  }

  /** The one of that name; empty when there is none. */
  public static Optional<KvQuant> named(String name) {
    return Arrays.stream(values()).filter(quant -> quant.name.equals(name)).findFirst();
  }
}
