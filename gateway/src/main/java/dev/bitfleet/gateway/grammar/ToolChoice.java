package dev.bitfleet.gateway.grammar;

import java.util.Set;

/**
 * Which tools may or must be called.
 *
 * @param allowed their names; empty: all
 */
public record ToolChoice(ToolMode mode, Set<String> allowed) {
  public static final ToolChoice NONE = new ToolChoice(ToolMode.NONE, Set.of());
  public static final ToolChoice AUTO = new ToolChoice(ToolMode.AUTO, Set.of());
  public static final ToolChoice REQUIRED = new ToolChoice(ToolMode.REQUIRED, Set.of());

  public ToolChoice {
    allowed = Set.copyOf(allowed);
  }

  /** This one must be called. */
  public static ToolChoice named(String name) {
    return new ToolChoice(ToolMode.REQUIRED, Set.of(name));
  }

  /** Only these may be. */
  public static ToolChoice allowed(ToolMode mode, Set<String> names) {
    return new ToolChoice(mode, names);
  }

  boolean allows(Tool tool) {
    return allowed.isEmpty() || allowed.contains(tool.name());
  }
}
