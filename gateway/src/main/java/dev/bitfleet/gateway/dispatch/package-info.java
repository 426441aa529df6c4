/**
 * The only room of the gateway that speaks the fleet protocol.
 *
 * <p>One consumer of events is registered for the life of the gateway, since registering one in a
 * cluster costs milliseconds; in its {@code Inbox} streams are told apart by id. Each choice of a
 * completion is a {@code ChoiceRun}: it holds a ticket of the admission queue, opens a stream on
 * one worker at a time, and moves to another one when that stream breaks and nothing of it has
 * reached the client yet. A stream breaks when its worker says so, when a number is missing, when
 * it is silent too long, or when its worker's heartbeats stop.
 *
 * <p>All that knows of time, timers and the bus in this is {@link
 * dev.bitfleet.gateway.dispatch.FleetBus}: the rest is told, and can be run in a simulated world.
 *
 * <p>Everything here runs on the event loop of the gateway's verticle.
 */
@NullMarked
package dev.bitfleet.gateway.dispatch;

import org.jspecify.annotations.NullMarked;
