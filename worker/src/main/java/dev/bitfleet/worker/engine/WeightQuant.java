package dev.bitfleet.worker.engine;

import java.util.Arrays;
import java.util.Optional;

/** What dense weights are rounded to when an engine loads them. */
public enum WeightQuant {
  /** As the engine thinks best: a large head as {@link #INT8}, all else as {@link #NONE}. */
  AUTO("auto"),
  /** As the file has them. */
  NONE("none"),
  /** Bytes, a scale for each 32. */
  INT8("int8"),
  /** Sixteen levels, a scale for each 32. */
  Q4_0("q4_0");

  private final String name;

  WeightQuant(String name) {
    this.name = name;
  }

  /** As options and flags name it. */
  public String wireName() {
    return name;
  }

  /** The one of that name; empty when there is none. */
  public static Optional<WeightQuant> named(String name) {
    return Arrays.stream(values()).filter(quant -> quant.name.equals(name)).findFirst();
  }
}
