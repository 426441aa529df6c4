/**
 * Drives Bitfleet as it ships: the jar, as a process, through its sockets and signals, with the
 * clients people use.
 *
 * <p>{@link dev.bitfleet.acceptance.BitfleetProcess} starts one on ports of its own; nothing here
 * knows a class of the product. Nothing waits by the clock: conditions are awaited, and the time a
 * condition may take is part of what is asserted.
 */
@NullMarked
package dev.bitfleet.acceptance;

import org.jspecify.annotations.NullMarked;
