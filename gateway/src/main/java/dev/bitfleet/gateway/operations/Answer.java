package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionListener;

/** Writes what a completion sends to its client. */
interface Answer extends CompletionListener {}
