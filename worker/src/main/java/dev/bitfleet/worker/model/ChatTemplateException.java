package dev.bitfleet.worker.model;

/** A chat that the model's template turns down or cannot lay out. The message is for the caller. */
public sealed class ChatTemplateException extends Exception permits PromptTooLongException {
  public ChatTemplateException(String message) {
    super(message);
  }
}
