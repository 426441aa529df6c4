/**
 * OpenAI's Responses API as values. {@link dev.bitfleet.gateway.dialect.responses.ResponsesDialect}
 * understands a request and makes a {@link dev.bitfleet.gateway.dialect.responses.ResponseCall} of
 * it. While its completion runs, {@link dev.bitfleet.gateway.dialect.responses.ResponseWriter}
 * turns completion events into the API's events, and {@link
 * dev.bitfleet.gateway.dialect.responses.ResponseState} is what the response has come to.
 *
 * <p>A writer is deterministic: the same call and the same completion events give the same bytes,
 * ids included, so that a response that is run again after a crash looks like the first attempt.
 */
@NullMarked
package dev.bitfleet.gateway.dialect.responses;

import org.jspecify.annotations.NullMarked;
