package dev.bitfleet.gateway.dialect;

import java.util.function.LongSupplier;

/**
 * What dialects are told.
 *
 * @param maxChoices completions one request may ask for
 * @param randomSeed seeds for requests that name none
 */
public record DialectSettings(int maxChoices, LongSupplier randomSeed) {}
