package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A database for the journal.
 *
 * @param url as JDBC has it, without a user and a password
 */
public record JournalConfiguration(
    String url, Optional<String> user, Optional<Path> passwordFile) {}
