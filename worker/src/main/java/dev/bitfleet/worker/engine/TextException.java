package dev.bitfleet.worker.engine;

/** A text or a token that an engine's tokenizer turns down: the request is at fault. */
public final class TextException extends Exception {
  public TextException(String message) {
    super(message);
  }
}
