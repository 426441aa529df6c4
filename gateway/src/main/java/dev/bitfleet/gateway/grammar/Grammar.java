package dev.bitfleet.gateway.grammar;

/**
 * A grammar for a model's whole output, in llama.cpp's GBNF; the start rule is {@code root}. It is
 * ASCII, free of left recursion, and every rule in it can be completed.
 */
public record Grammar(String gbnf) {
  /** No grammar is longer: the engine takes none that is. */
  public static final int MAX_BYTES = 256 * 1024;

  public Grammar {
    if (gbnf.length() > MAX_BYTES) {
      throw new IllegalArgumentException("a grammar of " + gbnf.length() + " bytes");
    }
  }
}
