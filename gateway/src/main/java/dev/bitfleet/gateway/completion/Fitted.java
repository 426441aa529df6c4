package dev.bitfleet.gateway.completion;

/**
 * A request whose prompts fit the context.
 *
 * @param request as it came, or without the turns that were dropped
 */
public record Fitted(CompletionRequest request, Dropped dropped) {}
