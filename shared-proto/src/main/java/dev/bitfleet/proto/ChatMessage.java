package dev.bitfleet.proto;

import java.util.Objects;

/**
 * One message of a chat, as its author wrote it: nothing in it is a control token.
 *
 * @param name the author's name, empty when none was given
 */
public record ChatMessage(Role role, String content, String name) {
  public ChatMessage {
    Objects.requireNonNull(role);
    Objects.requireNonNull(content);
    Objects.requireNonNull(name);
  }

  public ChatMessage(Role role, String content) {
    this(role, content, "");
  }
}
