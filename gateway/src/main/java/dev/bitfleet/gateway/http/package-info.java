/**
 * Sockets, limits, routes and bodies. A request is an {@link dev.bitfleet.gateway.http.Exchange};
 * once its route has matched and its body is there, the operation's {@link
 * dev.bitfleet.gateway.http.Handler} gets it. The handlers live in rooms of their own, so that this
 * one knows nothing of what is served.
 */
@NullMarked
package dev.bitfleet.gateway.http;

import org.jspecify.annotations.NullMarked;
