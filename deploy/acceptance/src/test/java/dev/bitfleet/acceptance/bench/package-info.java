/**
 * Figures of the whole way, for docs/benchmarks: {@link dev.bitfleet.acceptance.bench.Figures} is
 * run by hand on a quiet machine.
 */
@NullMarked
package dev.bitfleet.acceptance.bench;

import org.jspecify.annotations.NullMarked;
