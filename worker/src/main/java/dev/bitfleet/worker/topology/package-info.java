/**
 * What this machine has to compute with, and who gets which part of it.
 *
 * <p>{@link dev.bitfleet.worker.topology.CpuTopology} reads physical cores, SMT siblings, NUMA
 * nodes and a container's limits through {@link dev.bitfleet.worker.topology.SystemFiles}, the one
 * seam to the machine. {@link dev.bitfleet.worker.topology.CorePlan} turns that and the operator's
 * wishes into core sets: pure, so that machines nobody here owns are test cases of a few lines.
 * Both are public for the command line's {@code serve} and {@code doctor}.
 */
@NullMarked
package dev.bitfleet.worker.topology;

import org.jspecify.annotations.NullMarked;
