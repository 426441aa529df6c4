/**
 * Which worker gets a completion. {@link dev.bitfleet.gateway.routing.FleetView} keeps what the
 * heartbeats said, {@link dev.bitfleet.gateway.routing.Router} chooses. Both are told the time and
 * know no bus.
 *
 * <p>What a model's name means is decided here and nowhere else: a {@link
 * dev.bitfleet.gateway.routing.ModelWish} is what a client said, and the view of the fleet knows
 * ids and aliases, and which model serves those who name none.
 */
@NullMarked
package dev.bitfleet.gateway.routing;

import org.jspecify.annotations.NullMarked;
