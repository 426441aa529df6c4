package dev.bitfleet.worker.model;

/** A chat that the model's template turns down or cannot lay out. The message is for the caller. */
public final class ChatTemplateException extends Exception {
  public ChatTemplateException(String message) {
    super(message);
  }
}
