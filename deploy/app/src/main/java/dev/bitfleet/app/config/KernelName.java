package dev.bitfleet.app.config;

import java.util.List;
import java.util.Locale;

/** Which instructions the engine computes with. The tokens are the same. */
public enum KernelName {
  /** The fastest that the machine has. */
  AUTO,
  SCALAR,
  AVX2,
  AVX512VNNI,
  AMX,
  NEON;

  /** What operators call it. */
  public List<String> names() {
    return List.of(name().toLowerCase(Locale.ROOT));
  }
}
