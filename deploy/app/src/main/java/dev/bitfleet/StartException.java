package dev.bitfleet;

/** Bitfleet could not be started; nothing of it is left running. */
public final class StartException extends Exception {
  private static final long serialVersionUID = 1;

  /** Whose fault it is. */
  public enum Reason {
    /** Settings that cannot be used, alone or together or on this machine. */
    CONFIGURATION,
    /** There is no such model. */
    NO_MODEL,
    /** The model's file is broken, or of a kind the engine does not know. */
    BAD_MODEL,
    /** A port is taken, or the address is not this machine's. */
    ADDRESS_UNAVAILABLE,
    /** The engine cannot be started, or something that should not happen. */
    SOFTWARE
  }

  private final Reason reason;

  StartException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  StartException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Whose fault it is; the message says the rest. */
  public Reason reason() {
    return reason;
  }
}
