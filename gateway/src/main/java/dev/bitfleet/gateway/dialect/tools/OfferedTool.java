package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.grammar.Tool;
import dev.bitfleet.proto.ToolDescription;

/**
 * A tool that a request offers.
 *
 * @param tool what calls of it have to look like
 * @param description what the model is told of it
 */
public record OfferedTool(Tool tool, ToolDescription description) {
  public String name() {
    return tool.name();
  }
}
