package dev.bitfleet.gateway.store;

import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstance;
import java.time.Duration;

/**
 * This node's place in a cluster, where what is kept is shared. Whoever joined the cluster brings
 * it, and ends it; a store only uses it.
 */
public final class Membership {
  private final HazelcastInstance member;
  private final String node;
  private final Duration rejoin;

  private Membership(HazelcastInstance member, String node, Duration rejoin) {
    this.member = member;
    this.node = node;
    this.rejoin = rejoin;
  }

  /** Makes a member that is about to be started hold what stores keep. */
  public static void configure(Config config) {
    Grid.configure(config);
  }

  /**
   * Of a member that was {@link #configure configured} before it was started.
   *
   * @param node the node's name, which it keeps from one start to the next
   * @param rejoin how long nodes are waited for that were in the fleet before it went down
   */
  public static Membership of(HazelcastInstance member, String node, Duration rejoin) {
    return new Membership(member, node, rejoin);
  }

  HazelcastInstance member() {
    return member;
  }

  String node() {
    return node;
  }

  Duration rejoin() {
    return rejoin;
  }
}
