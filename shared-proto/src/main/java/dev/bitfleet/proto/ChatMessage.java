package dev.bitfleet.proto;

import java.util.List;
import java.util.Objects;

/**
 * One message of a chat, as its author wrote it: nothing in it is a control token.
 *
 * @param content empty when an assistant only called tools
 * @param name the author's name, empty when none was given
 * @param toolCalls what an assistant asked for
 * @param toolCallId the call that a tool's message answers, empty when it is none
 */
public record ChatMessage(
    Role role, String content, String name, List<ToolCall> toolCalls, String toolCallId) {
  public ChatMessage {
    Objects.requireNonNull(role);
    Objects.requireNonNull(content);
    Objects.requireNonNull(name);
    toolCalls = List.copyOf(toolCalls);
    Objects.requireNonNull(toolCallId);
  }

  public ChatMessage(Role role, String content, String name) {
    this(role, content, name, List.of(), "");
  }

  public ChatMessage(Role role, String content) {
    this(role, content, "");
  }
}
