package dev.bitfleet.gateway.dispatch;

/** A completion under way. */
public interface RunningCompletion {
  /**
   * Ends it wherever it is: in the queue, being opened, or streaming. Its listener hears nothing
   * more. Idempotent; nothing happens when it has ended already.
   */
  void cancel();
}
