package dev.bitfleet.worker.host;

import dev.bitfleet.proto.ModelReply;

/** A command that cannot be carried out, with the answer to it. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1;
  private final transient ModelReply.Refused reply;

  RefusedException(ModelReply.Code code, String message, String param) {
    super(message);
    this.reply = new ModelReply.Refused(code, message, param);
  }

  ModelReply.Refused reply() {
    return reply;
  }
}
