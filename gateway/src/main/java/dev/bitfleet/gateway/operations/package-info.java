/**
 * What the API can do, one handler for each group of operations. Here a request's body is
 * understood by its dialect, handed to dispatch, and what comes back goes out through one of two
 * writers: {@code WholeAnswer} gathers, {@code StreamedAnswer} writes server-sent events and never
 * lets a slow reader cost more memory than the text of its own stream.
 *
 * <p>A request that may come again is carried out under a {@link
 * dev.bitfleet.gateway.operations.Claim}: repeats wait for it, or join what it has begun.
 *
 * <p>An answer that has to be kept is kept ({@link dev.bitfleet.gateway.operations.Keeping}) before
 * its client hears that it is whole.
 */
@NullMarked
package dev.bitfleet.gateway.operations;

import org.jspecify.annotations.NullMarked;
