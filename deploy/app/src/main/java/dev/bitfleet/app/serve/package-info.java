/**
 * A fleet of one box: gateway and workers in one JVM, from the first look at the model to the last
 * stream's end.
 *
 * <p>{@link dev.bitfleet.app.serve.FleetPlan} decides (which file, which cores, which options) and
 * touches nothing; {@link dev.bitfleet.app.serve.LocalFleet} does it. Verticles meet on the event
 * bus only, as they will when they are in different JVMs.
 */
@NullMarked
package dev.bitfleet.app.serve;

import org.jspecify.annotations.NullMarked;
