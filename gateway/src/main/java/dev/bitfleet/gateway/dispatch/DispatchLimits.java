package dev.bitfleet.gateway.dispatch;

import java.time.Duration;

/**
 * How patient dispatch is; each as in {@code GatewayOptions}.
 *
 * @param attempts that may break in a row without getting on; a busy or absent worker does not
 *     count
 * @param engineLosses of these, so many may end with a dead engine: a prompt that kills engines
 *     must not go round the fleet
 */
public record DispatchLimits(
    int attempts,
    int engineLosses,
    Duration queueTimeout,
    Duration workerWait,
    Duration openTimeout,
    Duration firstEventTimeout,
    Duration stallTimeout) {}
