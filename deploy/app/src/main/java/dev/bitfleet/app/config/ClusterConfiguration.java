package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How a node finds the others of its cluster, and how it lets them in.
 *
 * @param host address the cluster's ports are bound to, by which other nodes reach them
 * @param port of the member; the event bus has the next one
 * @param join nodes to join, as HOST or HOST:PORT; without a port they have the same as this node
 * @param dns name with the addresses of all nodes
 * @param secretFile of what only nodes of this cluster know
 * @param tls of the event bus; empty = plain
 * @param rejoinWait how long nodes are waited for that were there before all went down
 */
public record ClusterConfiguration(
    String host,
    int port,
    List<String> join,
    Optional<String> dns,
    String name,
    Optional<Path> secretFile,
    Optional<Tls> tls,
    Duration rejoinWait) {
  public ClusterConfiguration {
    join = List.copyOf(join);
  }

  /**
   * PEM files.
   *
   * @param authorities whose signature makes a node of this cluster
   */
  public record Tls(Path certificate, Path key, Path authorities) {}

  /** The event bus's port. */
  public int busPort() {
    return port + 1;
  }
}
