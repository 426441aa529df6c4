package dev.bitfleet.gateway.http;

import java.time.Duration;

/** What a client may cost; each as in {@code GatewayOptions}. */
public record HttpLimits(
    int maxBodyBytes,
    long bodyBudgetBytes,
    int maxHeaderBytes,
    int maxConnections,
    Duration clientTimeout,
    Duration pingInterval) {}
