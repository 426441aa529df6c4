/**
 * Figures of the whole way, of the store and of a fleet, for docs/benchmarks: {@link
 * dev.bitfleet.acceptance.bench.Figures}, {@link dev.bitfleet.acceptance.bench.StoreFigures} and
 * {@link dev.bitfleet.acceptance.bench.FleetFigures} are run by hand on a quiet machine.
 */
@NullMarked
package dev.bitfleet.acceptance.bench;

import org.jspecify.annotations.NullMarked;
