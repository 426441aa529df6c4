/**
 * How an engine is kept alive. {@link dev.bitfleet.worker.supervise.EngineSupervisor} acts; what it
 * decides by is pure and tested alone: when to restart (RestartPolicy), when silence is death
 * (StallWatch), which prompts kill (Quarantine).
 */
@NullMarked
package dev.bitfleet.worker.supervise;

import org.jspecify.annotations.NullMarked;
