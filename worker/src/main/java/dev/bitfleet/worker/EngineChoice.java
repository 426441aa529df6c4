package dev.bitfleet.worker;

/** Which native program computes. */
public enum EngineChoice {
  /** The engine that comes with Bitfleet. */
  BUILTIN,
  /** llama-server of bitnet.cpp, ik_llama.cpp or llama.cpp. */
  LLAMA_SERVER
}
