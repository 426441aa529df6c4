/**
 * {@code bitfleet bench}: what a server makes of a model on this machine, and beside another one.
 *
 * <p>A {@link dev.bitfleet.app.bench.Bench} starts each {@link dev.bitfleet.app.bench.Contestant}
 * in turn, round after round, so that what the machine does meanwhile falls on all alike.
 * Everything is timed from outside, by a client that speaks llama.cpp's {@code /completion} to all
 * of them ({@link dev.bitfleet.app.bench.Load}); {@link dev.bitfleet.app.bench.Figures} are medians
 * over the rounds, and {@link dev.bitfleet.app.bench.Report} prints them.
 */
@NullMarked
package dev.bitfleet.app.bench;

import org.jspecify.annotations.NullMarked;
