/** Measurements, run by hand; how is said at each. Their figures belong in docs/benchmarks. */
@NullMarked
package dev.bitfleet.gateway.bench;

import org.jspecify.annotations.NullMarked;
