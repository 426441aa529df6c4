package dev.bitfleet.gateway.store;

/** The journal cannot be opened, read or written. The message says what an operator needs. */
public final class JournalException extends Exception {
  public JournalException(String message) {
    super(message);
  }

  public JournalException(String message, Throwable cause) {
    super(message, cause);
  }
}
