package dev.bitfleet.app.cluster;

import dev.bitfleet.app.config.ClusterConfiguration;
import java.util.Map;
import java.util.TreeMap;

/**
 * How a node takes part.
 *
 * @param nodeId its name
 * @param holdsData whether it keeps a share of the maps; a node that only works does not
 * @param agreed settings, by name, that have to be the same on all nodes
 */
public record ClusterOptions(
    ClusterConfiguration configuration,
    String nodeId,
    boolean holdsData,
    Map<String, String> agreed) {
  public ClusterOptions {
    agreed = Map.copyOf(new TreeMap<>(agreed));
  }
}
