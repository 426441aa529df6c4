package dev.bitfleet.proto;

import java.util.Objects;

/**
 * A tool the model is told of.
 *
 * @param description for the model; may be empty
 * @param parameters JSON text of the schema of its arguments; empty when it takes none
 */
public record ToolDescription(String name, String description, String parameters) {
  public ToolDescription {
    Objects.requireNonNull(name);
    Objects.requireNonNull(description);
    Objects.requireNonNull(parameters);
  }
}
