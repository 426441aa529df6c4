package dev.bitfleet.gateway.http;

/** What wants to be looked at while an exchange is being answered. */
@FunctionalInterface
public interface Tended {
  /**
   * Looks after the connection, about twice a second: comments when idle, the end when stuck.
   *
   * @param now nanoseconds, as of {@link System#nanoTime}
   */
  void tend(long now);
}
