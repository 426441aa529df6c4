package dev.bitfleet.app.config;

import java.util.List;

/** Which program computes the tokens. */
public enum EngineKind {
  /** The engine inside the jar. */
  BUILTIN("builtin"),
  /** A {@code llama-server}: Microsoft's bitnet.cpp, ik_llama.cpp or llama.cpp. */
  LLAMA_SERVER("llama-server", "bitnet.cpp", "ik_llama.cpp", "llama.cpp");

  private final List<String> names;

  EngineKind(String... names) {
    this.names = List.of(names);
  }

  /** What operators call it, the usual name first. */
  public List<String> names() {
    return names;
  }
}
