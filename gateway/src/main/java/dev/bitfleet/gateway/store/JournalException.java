package dev.bitfleet.gateway.store;

/** The journal cannot be opened, read or written. The message says what an operator needs. */
public final class JournalException extends Exception {
  private final boolean uncertain;

  public JournalException(String message) {
    super(message);
    uncertain = false;
  }

  public JournalException(String message, Throwable cause) {
    super(message, cause);
    uncertain = false;
  }

  private JournalException(JournalException cause) {
    super(cause.getMessage(), cause);
    uncertain = true;
  }

  /** The same, where what was being written may be on the disk or not. */
  static JournalException inTheMiddle(JournalException cause) {
    return new JournalException(cause);
  }

  /** Whether what was being written may be on the disk all the same. */
  boolean uncertain() {
    return uncertain;
  }
}
