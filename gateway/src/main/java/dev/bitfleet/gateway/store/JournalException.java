package dev.bitfleet.gateway.store;

import org.jspecify.annotations.Nullable;

/** The journal cannot be opened, read or written. The message says what an operator needs. */
public final class JournalException extends Exception {
  private final boolean passing;
  private final boolean uncertain;

  public JournalException(String message) {
    this(message, null, false, false);
  }

  public JournalException(String message, Throwable cause) {
    this(message, cause, false, false);
  }

  private JournalException(
      String message, @Nullable Throwable cause, boolean passing, boolean uncertain) {
    super(message, cause);
    this.passing = passing;
    this.uncertain = uncertain;
  }

  /** What may be better the next time: what is there is as sound as before. */
  static JournalException passing(String message, @Nullable Throwable cause) {
    return new JournalException(message, cause, true, false);
  }

  /** The same, where what was being written may be on the disk or not. */
  static JournalException inTheMiddle(JournalException cause) {
    return new JournalException(String.valueOf(cause.getMessage()), cause, cause.passing, true);
  }

  /** Whether the journal can be used again as it is. */
  boolean passing() {
    return passing;
  }

  /** Whether what was being written may be on the disk all the same. */
  boolean uncertain() {
    return uncertain;
  }
}
