package dev.bitfleet.gateway.grammar;

import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * A tool that may be called.
 *
 * @param parameters the schema of its arguments; empty: it takes none
 * @param path where the schema stands in the request: {@code tools[0].function.parameters}
 */
public record Tool(String name, Optional<JsonNode> parameters, boolean strict, String path) {
  public Tool {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a tool without a name");
    }
  }
}
