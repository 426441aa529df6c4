package dev.bitfleet.app.cluster;

import dev.bitfleet.app.config.ClusterConfiguration;
import dev.bitfleet.app.config.NodeRole;
import java.util.Map;

/**
 * How a node takes part.
 *
 * @param nodeId its name
 * @param role a node that only works keeps no share of the maps
 * @param version of its build
 * @param agreed settings, by name, that have to be the same on all nodes
 */
public record ClusterOptions(
    ClusterConfiguration configuration,
    String nodeId,
    NodeRole role,
    String version,
    Map<String, String> agreed) {
  public ClusterOptions {
    agreed = Map.copyOf(agreed);
  }
}
