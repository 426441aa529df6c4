package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.time.Duration;

/**
 * All of it, checked.
 *
 * @param dataDir folder that is written to; need not exist yet
 * @param drainTimeout how long streams may go on once a stop was asked for
 */
public record ServeConfiguration(
    ModelConfiguration model,
    HttpConfiguration http,
    ManagementConfiguration management,
    AdmissionConfiguration admission,
    WorkerConfiguration worker,
    StoreConfiguration store,
    Path dataDir,
    Duration drainTimeout,
    LogLevel logLevel) {}
