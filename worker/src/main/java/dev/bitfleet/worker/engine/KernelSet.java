package dev.bitfleet.worker.engine;

import java.util.Locale;

/** The machine code the built-in engine computes with. All give the same tokens. */
public enum KernelSet {
  /** The fastest that the machine has and that computes rightly there. */
  AUTO,
  SCALAR,
  AVX2,
  AVX512VNNI,
  AMX,
  NEON;

  /** What the engine calls it. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
