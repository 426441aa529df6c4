package dev.bitfleet.gateway.dialect;

import dev.bitfleet.gateway.completion.CompletionRequest;

/** A request as a dialect understood it, and how to answer it. */
public record Call(CompletionRequest request, AnswerFormat format) {}
