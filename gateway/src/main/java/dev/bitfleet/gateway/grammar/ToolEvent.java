package dev.bitfleet.gateway.grammar;

/** What {@link ToolCallReader} finds in an output. Calls are numbered from 0. */
public sealed interface ToolEvent {
  /** Text of the answer. */
  record Content(String text) implements ToolEvent {}

  /** A call of a tool begins. */
  record CallBegan(int index, String name) implements ToolEvent {}

  /** The next piece of the call's arguments, as the model wrote them. */
  record ArgumentsDelta(int index, String text) implements ToolEvent {}

  /**
   * The call is over.
   *
   * @param whole false if the output ended or went astray within it
   */
  record CallEnded(int index, boolean whole) implements ToolEvent {}
}
