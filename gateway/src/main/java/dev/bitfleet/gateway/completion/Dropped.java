package dev.bitfleet.gateway.completion;

/**
 * What {@link Truncation#AUTO} left out of a chat.
 *
 * @param messages how many; 0 = nothing was left out
 * @param tokens of the prompt; 0 when they were too many to be counted
 */
public record Dropped(int messages, int tokens) {
  public static final Dropped NOTHING = new Dropped(0, 0);

  public boolean any() {
    return messages > 0;
  }
}
