/**
 * Sockets, limits, routes and answers. A request is an {@link dev.bitfleet.gateway.http.Exchange};
 * what a completion sends back goes out through one of two writers: {@code WholeAnswer} gathers,
 * {@code StreamedAnswer} writes server-sent events and never lets a slow reader cost more memory
 * than the text of its own stream.
 */
@NullMarked
package dev.bitfleet.gateway.http;

import org.jspecify.annotations.NullMarked;
