package dev.bitfleet.proto;

import java.util.Objects;

/**
 * A call of a tool that an assistant's message asked for.
 *
 * @param id what the tool's answer refers to; empty in the old form that had functions
 * @param arguments the JSON text the model wrote
 */
public record ToolCall(String id, String name, String arguments) {
  public ToolCall {
    Objects.requireNonNull(id);
    Objects.requireNonNull(name);
    Objects.requireNonNull(arguments);
  }
}
