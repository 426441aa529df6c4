package dev.bitfleet.proto;

import java.util.Objects;

/** A node's answer to a {@link ModelCommand}. */
public sealed interface ModelReply {

  /**
   * It is done.
   *
   * @param model id
   * @param message what is to be known; mostly empty
   */
  record Done(String model, String message) implements ModelReply {
    public Done {
      Objects.requireNonNull(model);
      Objects.requireNonNull(message);
    }
  }

  /**
   * It is not, and what was served is served still.
   *
   * @param param field of the command at fault; empty when it is no single one
   */
  record Refused(Code code, String message, String param) implements ModelReply {
    public Refused {
      Objects.requireNonNull(code);
      Objects.requireNonNull(message);
      Objects.requireNonNull(param);
    }
  }

  /** Why not. */
  enum Code {
    NOT_FOUND,
    INVALID,
    /** The file is broken, or of a kind the engine does not know. */
    UNUSABLE,
    NO_MEMORY,
    /** Another command is being carried out. */
    IN_PROGRESS,
    FAILED
  }
}
