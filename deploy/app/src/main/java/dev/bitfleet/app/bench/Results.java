package dev.bitfleet.app.bench;

import java.util.Map;

/**
 * What a bench has found.
 *
 * @param figures by the contestants' names, in their order; the first is ours
 */
public record Results(BenchPlan plan, Map<String, Figures> figures) {}
