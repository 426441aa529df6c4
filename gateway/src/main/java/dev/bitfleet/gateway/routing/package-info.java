/**
 * Which worker gets a completion. {@link dev.bitfleet.gateway.routing.FleetView} keeps what the
 * heartbeats said, {@link dev.bitfleet.gateway.routing.Router} chooses. Both are told the time and
 * know no bus.
 */
@NullMarked
package dev.bitfleet.gateway.routing;

import org.jspecify.annotations.NullMarked;
