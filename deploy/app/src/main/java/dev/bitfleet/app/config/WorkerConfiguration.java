package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How engines are laid over the machine. Empty means: decide by what the machine has.
 *
 * @param workers engine processes
 * @param cores CPUs all engines together may use, ascending
 * @param threads of each engine
 * @param contextLength tokens of one sequence
 * @param slots sequences of each engine
 * @param kvMemory of each engine's KV cache
 * @param kvQuant what keys and values are rounded to in it
 * @param stepBudget what a step may take while streams wait for its tokens
 * @param engineBinary present when the engine is not the bundled one
 */
public record WorkerConfiguration(
    Optional<Integer> workers,
    Optional<List<Integer>> cores,
    Optional<Integer> threads,
    Optional<Integer> contextLength,
    int slots,
    Optional<DataSize> kvMemory,
    Optional<String> kvQuant,
    Duration stepBudget,
    SpeculationMode speculation,
    KernelName kernel,
    EngineKind engine,
    Optional<Path> engineBinary) {}
