package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * All of it, checked.
 *
 * @param cluster empty when it serves alone
 * @param dataDir folder that is written to; need not exist yet
 * @param drainDelay how long requests are still taken once a stop was asked for
 * @param drainTimeout how long streams may go on once a stop was asked for
 */
public record ServeConfiguration(
    ModelConfiguration model,
    HttpConfiguration http,
    ManagementConfiguration management,
    AdmissionConfiguration admission,
    WorkerConfiguration worker,
    StoreConfiguration store,
    Optional<ClusterConfiguration> cluster,
    Path dataDir,
    Duration drainDelay,
    Duration drainTimeout,
    LogLevel logLevel) {}
