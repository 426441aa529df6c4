/**
 * What the gateway's tests share: a worker without an engine, a gateway ready to be asked, a
 * socket.
 */
@NullMarked
package dev.bitfleet.gateway.testing;

import org.jspecify.annotations.NullMarked;
