package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What is served.
 *
 * @param model a path or a name in the model home; empty for the bundled demo
 * @param id what clients call it; empty for the file's own name
 */
public record ModelConfiguration(Optional<String> model, Optional<String> id, Path home) {}
