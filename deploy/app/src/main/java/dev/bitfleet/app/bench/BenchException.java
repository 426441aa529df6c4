package dev.bitfleet.app.bench;

/** A figure could not be taken; the message says of whom, and why. */
public final class BenchException extends Exception {
  private static final long serialVersionUID = 1;

  BenchException(String message) {
    super(message);
  }

  BenchException(String message, Throwable cause) {
    super(message, cause);
  }
}
