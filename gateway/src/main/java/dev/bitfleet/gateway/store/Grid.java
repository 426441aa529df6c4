package dev.bitfleet.gateway.store;

import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.ClassFilter;
import com.hazelcast.config.Config;
import com.hazelcast.config.IndexConfig;
import com.hazelcast.config.IndexType;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.config.PartitioningStrategyConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.instance.ProtocolType;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.strategy.StringPartitioningStrategy;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The fleet's maps, in this node's member of the Hazelcast cluster. Thread-safe.
 *
 * <p>A node of a cluster has a member already, which carries the event bus too. One that serves
 * alone starts a member of its own here; it still opens a port. It is one of loopback, takes
 * members only (no client's protocol, no REST, no multicast), and asks for a cluster name that
 * nobody can guess, so that it keeps other users of the machine out of what API keys guard.
 */
final class Grid implements AutoCloseable {
  static final String LEASES = "bitfleet.leases";
  static final String FRAMES = "bitfleet.frames";
  static final String ROLL = "bitfleet.roll";

  /** Shown by members who say when their journal is in the maps; earlier versions do not. */
  private static final String CALLS_ROLL = "bitfleet.calls-roll";

  /**
   * Copies beside the first. With two, each of three nodes has everything: whichever of them is cut
   * off still answers about all that was there before.
   */
  private static final int BACKUPS = 2;

  private static final String LOGGING = "hazelcast.logging.type";
  private static final Properties QUIET = new Properties();

  static {
    QUIET.putAll(
        Map.ofEntries(
            Map.entry(LOGGING, "slf4j"),
            Map.entry("hazelcast.phone.home.enabled", "false"),
            Map.entry("hazelcast.socket.bind.any", "false"),
            Map.entry("hazelcast.shutdownhook.enabled", "false"),
            Map.entry("hazelcast.health.monitoring.level", "OFF"),
            Map.entry("hazelcast.wait.seconds.before.join", "0"),
            Map.entry("hazelcast.logging.details.enabled", "false"),
            Map.entry("hazelcast.slow.operation.detector.enabled", "false"),
            // The engines need the cores: two threads do for what a node's HTTP can ask.
            Map.entry("hazelcast.operation.thread.count", "2"),
            Map.entry("hazelcast.operation.generic.thread.count", "2"),
            Map.entry("hazelcast.operation.response.thread.count", "1"),
            Map.entry("hazelcast.io.input.thread.count", "1"),
            Map.entry("hazelcast.io.output.thread.count", "1"),
            Map.entry("hazelcast.event.thread.count", "1")));
  }

  /**
   * Hazelcast's exceptions, those of the JDK that they can carry, and what every one of them has.
   */
  private static final ClassFilter FAILURES =
      new ClassFilter()
          .addPrefixes("com.hazelcast.")
          .addClasses(
              Stream.of(
                      Throwable.class,
                      Exception.class,
                      RuntimeException.class,
                      Error.class,
                      VirtualMachineError.class,
                      OutOfMemoryError.class,
                      LinkageError.class,
                      ArithmeticException.class,
                      ClassCastException.class,
                      ClassNotFoundException.class,
                      ReflectiveOperationException.class,
                      IllegalArgumentException.class,
                      IllegalStateException.class,
                      IndexOutOfBoundsException.class,
                      InterruptedException.class,
                      NullPointerException.class,
                      SecurityException.class,
                      UnsupportedOperationException.class,
                      IOException.class,
                      EOFException.class,
                      SocketException.class,
                      ConnectException.class,
                      CancellationException.class,
                      CompletionException.class,
                      ExecutionException.class,
                      RejectedExecutionException.class,
                      TimeoutException.class,
                      StackTraceElement.class,
                      StackTraceElement[].class,
                      ArrayList.class)
                  .map(Class::getName)
                  .toArray(String[]::new))
          // An exception's empty list of suppressed ones.
          .addClasses("java.util.CollSer", "java.util.Collections$EmptyList");

  private final HazelcastInstance hazelcast;
  private final boolean own;
  private final Map<Shelf, IMap<String, Filed>> shelves = new EnumMap<>(Shelf.class);
  private final IMap<String, byte[]> places;
  private final IMap<String, String> leases;
  private final IMap<String, byte[]> frames;
  private final IMap<String, String> roll;

  private Grid(HazelcastInstance hazelcast, boolean own) {
    this.hazelcast = hazelcast;
    this.own = own;
    for (Shelf shelf : Shelf.values()) {
      if (shelf != Shelf.PLACES) {
        shelves.put(shelf, hazelcast.getMap(shelf.map()));
      }
    }
    places = hazelcast.getMap(Shelf.PLACES.map());
    leases = hazelcast.getMap(LEASES);
    frames = hazelcast.getMap(FRAMES);
    roll = hazelcast.getMap(ROLL);
  }

  /** Starts a member of its own, alone. Takes a second in a fresh JVM. */
  static Grid start() {
    Config config = new Config();
    config.setClusterName("bitfleet-" + UUID.randomUUID());
    configure(config);
    network(config.getAdvancedNetworkConfig());
    return new Grid(Hazelcast.newHazelcastInstance(config), true);
  }

  /** Uses a member that was there before, and leaves it running. */
  static Grid on(Membership cluster) {
    return new Grid(cluster.member(), false);
  }

  /** Adds the maps and what they need. */
  static void configure(Config config) {
    // Its first logger is made before a configuration is looked at.
    if (System.getProperty(LOGGING) == null) {
      System.setProperty(LOGGING, "slf4j");
    }
    QUIET.forEach((name, value) -> config.setProperty((String) name, (String) value));
    config.getMemberAttributeConfig().setAttribute(CALLS_ROLL, "1");
    config.getMetricsConfig().setEnabled(false);
    config.getJetConfig().setEnabled(false);
    // Nothing of ours is serialised by Java, so nothing that comes may be but what a member answers
    // when it cannot do something now ("this partition is moving"): refused, whoever asked would
    // wait for an answer that never comes.
    config
        .getSerializationConfig()
        .setJavaSerializationFilterConfig(
            new JavaSerializationFilterConfig().setDefaultsDisabled(true).setWhitelist(FAILURES));
    config
        .getSerializationConfig()
        .getCompactSerializationConfig()
        .addSerializer(new FiledSerializer());
    for (Shelf shelf : Shelf.values()) {
      MapConfig map = map(shelf.map());
      if (shelf == Shelf.PLACES) {
        map.setMergePolicyConfig(new MergePolicyConfig().setPolicy(PlacesMerge.class.getName()));
        byConversation(map);
      } else {
        map.setMergePolicyConfig(
            new MergePolicyConfig()
                .setPolicy(
                    shelf == Shelf.CONVERSATIONS
                        ? ConversationsMerge.class.getName()
                        : FiledMerge.class.getName()));
        if (shelf == Shelf.CONVERSATIONS || shelf == Shelf.COMPLETIONS) {
          // Only these are listed, and each index is built anew whenever a node joins.
          map.addIndexConfig(new IndexConfig(IndexType.HASH, FiledSerializer.TENANT));
        }
        if (shelf == Shelf.PENDING_RESPONSES) {
          // What is left to do is asked for all the time, and what is done stays as tombstones.
          map.addIndexConfig(new IndexConfig(IndexType.HASH, FiledSerializer.DELETED));
        }
        if (shelf == Shelf.ANSWERS) {
          map.addIndexConfig(new IndexConfig(IndexType.HASH, FiledSerializer.ABOUT_ANY));
        }
      }
      config.addMapConfig(map);
    }
    config.addMapConfig(
        map(LEASES)
            .setMergePolicyConfig(
                new MergePolicyConfig().setPolicy(DiscardMergePolicy.class.getName())));
    config.addMapConfig(byConversation(map(FRAMES)));
    config.addMapConfig(map(ROLL));
  }

  private static MapConfig map(String name) {
    return new MapConfig(name)
        .setBackupCount(BACKUPS)
        .setAsyncBackupCount(0)
        .setStatisticsEnabled(true);
  }

  /** Keys are "number@owner": all of an owner are in one partition. */
  private static MapConfig byConversation(MapConfig map) {
    return map.setPartitioningStrategyConfig(
        new PartitioningStrategyConfig(StringPartitioningStrategy.INSTANCE));
  }

  private static void network(AdvancedNetworkConfig network) {
    network.setEnabled(true);
    ServerSocketEndpointConfig members = new ServerSocketEndpointConfig();
    members.setProtocolType(ProtocolType.MEMBER);
    members.setPort(0);
    members.getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    network.setMemberEndpointConfig(members);
    network.getJoin().getMulticastConfig().setEnabled(false);
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    network.getJoin().getTcpIpConfig().setEnabled(true);
  }

  IMap<String, Filed> shelf(Shelf shelf) {
    IMap<String, Filed> map = shelves.get(shelf);
    if (map == null) {
      throw new IllegalArgumentException(shelf + " has no documents");
    }
    return map;
  }

  /** Turns of conversations, by {@link #key}. */
  IMap<String, byte[]> places() {
    return places;
  }

  /** Who holds what, by its name. */
  IMap<String, String> leases() {
    return leases;
  }

  /** Running event logs in pieces, by {@link #key}. */
  IMap<String, byte[]> frames() {
    return frames;
  }

  /** Which nodes' journals are in the maps, by the node's name; see {@link Roll}. */
  IMap<String, String> roll() {
    return roll;
  }

  /** The key of what stands at a place of an owner. */
  static String key(String owner, int place) {
    return place + "@" + owner;
  }

  /** This member's name. */
  String member() {
    return hazelcast.getCluster().getLocalMember().getUuid().toString();
  }

  /** Names of the members that hold maps, and say so on the roll. */
  Set<String> rollMembers() {
    return hazelcast.getCluster().getMembers().stream()
        .filter(each -> !each.isLiteMember() && each.getAttribute(CALLS_ROLL) != null)
        .map(each -> each.getUuid().toString())
        .collect(Collectors.toSet());
  }

  /** Whether a member of that name is there. */
  boolean has(String member) {
    return hazelcast.getCluster().getMembers().stream()
        .anyMatch(each -> each.getUuid().toString().equals(member));
  }

  /** Whether nobody else will ever fill these maps. */
  boolean alone() {
    return own;
  }

  /** Calls when a member has left, for whatever reason. */
  void whenLeft(Runnable then) {
    hazelcast
        .getCluster()
        .addMembershipListener(
            new MembershipAdapter() {
              @Override
              public void memberRemoved(MembershipEvent event) {
                then.run();
              }
            });
  }

  /** Calls when this node begins to join the other half of a split, as the one that moves. */
  void whenMerging(Runnable then) {
    when(EnumSet.of(LifecycleEvent.LifecycleState.MERGING), then);
  }

  /** Calls when that is over, in this node's eyes; also when it has failed. */
  void whenMerged(Runnable then) {
    when(
        EnumSet.of(
            LifecycleEvent.LifecycleState.MERGED, LifecycleEvent.LifecycleState.MERGE_FAILED),
        then);
  }

  private void when(Set<LifecycleEvent.LifecycleState> states, Runnable then) {
    hazelcast
        .getLifecycleService()
        .addLifecycleListener(
            event -> {
              if (states.contains(event.getState())) {
                then.run();
              }
            });
  }

  /** Calls when entries of the maps are on no node any more. */
  void whenLost(Runnable then) {
    hazelcast
        .getPartitionService()
        .addPartitionLostListener(
            event -> {
              if (event.allReplicasInPartitionLost() || event.getLostBackupCount() >= BACKUPS) {
                then.run();
              }
            });
  }

  /** Bytes that entries take in this member, those it holds for others among them. */
  long bytes() {
    return Stream.concat(Stream.of(places, frames), shelves.values().stream())
        .map(IMap::getLocalMapStats)
        .mapToLong(map -> map.getOwnedEntryMemoryCost() + map.getBackupEntryMemoryCost())
        .sum();
  }

  /** Ends the member, if it is this grid's own. */
  @Override
  public void close() {
    if (own) {
      // There is nobody to hand anything over to.
      hazelcast.getLifecycleService().terminate();
    }
  }
}
