package dev.bitfleet.app.config;

import java.time.Duration;

/**
 * How much may wait.
 *
 * @param queueLimit requests waiting for a slot, over all models
 */
public record AdmissionConfiguration(int queueLimit, Duration queueTimeout) {}
