package dev.bitfleet.app.chat;

/** What a person at the terminal is told when something did not work. */
final class ChatException extends Exception {
  private static final long serialVersionUID = 1;

  ChatException(String message) {
    super(message);
  }

  ChatException(String message, Throwable cause) {
    super(message, cause);
  }
}
