package dev.bitfleet.app.config;

/**
 * Where health, metrics and the list of workers are.
 *
 * @param port 0 for any free one
 */
public record ManagementConfiguration(String host, int port) {}
