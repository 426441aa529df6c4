package dev.bitfleet.app.chat;

import java.util.Objects;

/** One message, as OpenAI's API names its parts. */
record Message(String role, String content) {
  Message {
    Objects.requireNonNull(role);
    Objects.requireNonNull(content);
  }
}
