package dev.bitfleet.gateway.completion;

/** Where a completion's events go, one at a time, on the gateway's event loop. */
@FunctionalInterface
public interface CompletionListener {
  void on(CompletionEvent event);
}
