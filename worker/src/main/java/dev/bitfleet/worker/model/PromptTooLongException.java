package dev.bitfleet.worker.model;

/** A chat that is longer, laid out, than any prompt may be. */
public final class PromptTooLongException extends ChatTemplateException {
  public PromptTooLongException() {
    super("the chat is longer than " + ChatTemplate.MAX_OUTPUT_CHARS + " characters when laid out");
  }
}
