package dev.bitfleet.app.pull;

/** A pull that cannot succeed, or did not. The message is for the person who asked. */
public final class PullException extends Exception {
  private static final long serialVersionUID = 1;

  /** What kind of end it is. */
  public enum Reason {
    /** The command names no repository or file, or not which of several. */
    UNCLEAR,
    /** There is no such repository, revision or file. */
    MISSING,
    /** It takes a token, another token, or an accepted licence. */
    FORBIDDEN,
    /** The hub cannot be reached or keeps failing; later may be better. */
    UNREACHABLE,
    /** The disk is full or cannot be written. */
    DISK,
    /** The bytes that came are not those of the repository. */
    CORRUPT
  }

  private final Reason reason;

  PullException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** What was asked for makes no sense. */
  public static PullException unclear(String message) {
    return new PullException(Reason.UNCLEAR, message);
  }

  public Reason reason() {
    return reason;
  }
}
