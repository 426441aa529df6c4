/**
 * The one interface between a worker and whatever computes for it.
 *
 * <p>A {@link dev.bitfleet.worker.engine.EngineLauncher} starts processes; an {@link
 * dev.bitfleet.worker.engine.Engine} is one life of one process; {@link
 * dev.bitfleet.worker.engine.EngineEvent} is everything it can say. Two adapters speak it: {@code
 * builtin} over stdin and stdout, {@code llamaserver} over loopback HTTP. Supervision, slots and
 * the verticle know only this package, and one suite of tests holds both adapters to it.
 */
@NullMarked
package dev.bitfleet.worker.engine;

import org.jspecify.annotations.NullMarked;
