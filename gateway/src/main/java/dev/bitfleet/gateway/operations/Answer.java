package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionListener;
import dev.bitfleet.gateway.http.Tended;

/** Writes what a completion sends to its client. */
interface Answer extends CompletionListener, Tended {}
