package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.completion.CompletionListener;

/** Writes what a completion sends to its client. */
interface Answer extends CompletionListener {
  /** Looks after the connection, about once a second: comments when idle, the end when stuck. */
  void tend(long now);
}
