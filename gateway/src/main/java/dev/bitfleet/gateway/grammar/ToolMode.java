package dev.bitfleet.gateway.grammar;

/** Whether tools are called. */
public enum ToolMode {
  /** None is; the answer is text whatever it says. */
  NONE,
  /** The model chooses between text, calls, and text before calls. */
  AUTO,
  /** At least one is. */
  REQUIRED
}
