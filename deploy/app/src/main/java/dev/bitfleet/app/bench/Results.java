package dev.bitfleet.app.bench;

import java.util.Map;

/**
 * What a bench has found.
 *
 * @param figures by the contestants' names, in their order; the first is ours
 * @param brokeOff how often a peer ended or failed before it had shown everything, by its name
 */
public record Results(
    BenchPlan plan, Map<String, Figures> figures, Map<String, Integer> brokeOff) {}
