/**
 * A fleet in one thread: the real dispatch of gateways and the real workers, over a virtual clock,
 * a network that loses, delays, doubles and reorders, and engines whose tokens are a function of
 * the prompt. One seed is one history, and the same seed is the same history again.
 *
 * <p>{@link dev.bitfleet.app.simulation.World} is one such history; {@link
 * dev.bitfleet.app.simulation.Flaw} are the bugs that are planted to see that it finds them.
 */
@NullMarked
package dev.bitfleet.app.simulation;

import org.jspecify.annotations.NullMarked;
