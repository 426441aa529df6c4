package dev.bitfleet.gateway.store;

import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstance;

/**
 * This node's place in a cluster, where what is kept is shared. Whoever joined the cluster brings
 * it, and ends it; a store only uses it.
 */
public final class Membership {
  private final HazelcastInstance member;

  private Membership(HazelcastInstance member) {
    this.member = member;
  }

  /** Makes a member that is about to be started hold what stores keep. */
  public static void configure(Config config) {
    Grid.configure(config);
  }

  /** Of a member that was {@link #configure configured} before it was started. */
  public static Membership of(HazelcastInstance member) {
    return new Membership(member);
  }

  HazelcastInstance member() {
    return member;
  }
}
