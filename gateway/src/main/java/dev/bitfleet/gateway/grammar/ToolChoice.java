package dev.bitfleet.gateway.grammar;

import java.util.Set;

/**
 * Which tools may or must be called.
 *
 * @param allowed their names; empty: all
 * @param once whether there is one call at most, whatever else is said about parallel ones
 */
public record ToolChoice(ToolMode mode, Set<String> allowed, boolean once) {
  public static final ToolChoice NONE = new ToolChoice(ToolMode.NONE, Set.of());
  public static final ToolChoice AUTO = new ToolChoice(ToolMode.AUTO, Set.of());
  public static final ToolChoice REQUIRED = new ToolChoice(ToolMode.REQUIRED, Set.of());

  public ToolChoice {
    allowed = Set.copyOf(allowed);
  }

  public ToolChoice(ToolMode mode, Set<String> allowed) {
    this(mode, allowed, false);
  }

  /** This one must be called, and once: that is what clients of OpenAI expect of a named tool. */
  public static ToolChoice named(String name) {
    return new ToolChoice(ToolMode.REQUIRED, Set.of(name), true);
  }

  /** Only these may be. */
  public static ToolChoice allowed(ToolMode mode, Set<String> names) {
    return new ToolChoice(mode, names);
  }

  public boolean allows(Tool tool) {
    return allowed.isEmpty() || allowed.contains(tool.name());
  }
}
