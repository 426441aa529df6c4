/**
 * The clock, so that what goes by it can be run by another one: on a virtual clock a simulation
 * drives in seconds what takes hours.
 */
@NullMarked
package dev.bitfleet.worker.time;

import org.jspecify.annotations.NullMarked;
