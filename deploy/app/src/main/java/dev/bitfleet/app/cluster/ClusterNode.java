package dev.bitfleet.app.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import dev.bitfleet.app.config.ClusterConfiguration;
import dev.bitfleet.gateway.management.NodeView;
import dev.bitfleet.gateway.store.Membership;
import dev.bitfleet.proto.NodeAttributes;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node as a member of its cluster. Joining blocks for a second or two; not for an event loop.
 *
 * <p>Hazelcast's community edition neither encrypts nor authenticates: it lets in whoever knows the
 * cluster's name. So the name that members exchange is made from the shared secret, and nothing
 * listens but on {@code cluster-host}. That keeps strangers out who cannot listen to the network
 * between the nodes; it is to be a private one.
 */
public final class ClusterNode implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ClusterNode.class);

  /** What Vert.x's cluster manager looks for. */
  private static final String VERTX_NODE = "__vertx.nodeId";

  private static final Duration WAIT = Duration.ofMillis(200);
  private static final Duration BUS_CONNECT = Duration.ofSeconds(3);

  /**
   * A dead host is out after ten seconds without a heartbeat (a dead process at once: its sockets
   * close), and two halves of a split find each other within five seconds of its end.
   */
  private static final Map<String, String> RHYTHM =
      Map.of(
          "hazelcast.heartbeat.interval.seconds", "1",
          "hazelcast.max.no.heartbeat.seconds", "10",
          "hazelcast.merge.first.run.delay.seconds", "5",
          "hazelcast.merge.next.run.delay.seconds", "2",
          "hazelcast.operation.call.timeout.millis", "15000");

  private final HazelcastInstance member;
  private final ClusterOptions options;

  private ClusterNode(HazelcastInstance member, ClusterOptions options) {
    this.member = member;
    this.options = options;
  }

  /**
   * Joins the nodes that are there; the first one is its own cluster.
   *
   * @param maps adds to the member's configuration what is kept in it
   * @throws ClusterException when it cannot, or must not because agreed settings differ
   */
  public static ClusterNode join(ClusterOptions options, Consumer<Config> maps)
      throws ClusterException {
    ClusterConfiguration wanted = options.configuration();
    if (wanted.tls().isPresent()) {
      BusFiles.check(wanted.tls().get());
    }
    Config config = new Config();
    maps.accept(config);
    config.setClusterName(ClusterName.of(wanted));
    config.setInstanceName(options.nodeId() + "@" + wanted.host() + ":" + wanted.port());
    config.setLiteMember(!options.role().answers());
    RHYTHM.forEach(config::setProperty);
    var attributes = config.getMemberAttributeConfig();
    attributes.setAttribute(VERTX_NODE, UUID.randomUUID().toString());
    attributes.setAttribute(NodeAttributes.NODE, options.nodeId());
    attributes.setAttribute(NodeAttributes.ROLE, options.role().name().toLowerCase(Locale.ROOT));
    attributes.setAttribute(NodeAttributes.VERSION, options.version());
    options
        .agreed()
        .forEach((name, value) -> attributes.setAttribute(AgreedSettings.PREFIX + name, value));
    MemberNetwork.configure(config.getAdvancedNetworkConfig(), wanted);
    HazelcastInstance member;
    try {
      member = Hazelcast.newHazelcastInstance(config);
    } catch (HazelcastException | IllegalStateException e) {
      throw ClusterException.unavailable(
          "cannot take part in a cluster at %s:%d: %s"
              .formatted(wanted.host(), wanted.port(), rootMessage(e)),
          e);
    }
    var node = new ClusterNode(member, options);
    try {
      node.checkCompany();
    } catch (ClusterException e) {
      node.close();
      throw e;
    }
    return node;
  }

  private static String rootMessage(Throwable e) {
    return String.valueOf(root(e).getMessage());
  }

  private static Throwable root(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }

  private void checkCompany() throws ClusterException {
    List<Member> others =
        member.getCluster().getMembers().stream().filter(each -> !each.localMember()).toList();
    for (Member each : others) {
      if (options.nodeId().equals(each.getAttribute(NodeAttributes.NODE))) {
        throw new ClusterException(
            "a node named %s is in the cluster already, at %s: give this one a data-dir of its own; where its folder is a copy of another, delete node-id in it"
                .formatted(options.nodeId(), each.getAddress()));
      }
    }
    Optional<String> differences = AgreedSettings.differences(others, options.agreed());
    if (differences.isPresent()) {
      throw new ClusterException(differences.get());
    }
    List<String> named = MemberNetwork.others(options.configuration());
    if (others.isEmpty() && !named.isEmpty()) {
      log.warn(
          "node {} is the only one: none of {} is there, or its cluster-name or secret is another."
              + " It is looked for from time to time",
          options.nodeId(),
          String.join(", ", named));
    } else {
      log.info("node {} has joined {} others", options.nodeId(), others.size());
    }
  }

  /** This node's place, for what is kept in the cluster. */
  public Membership membership() {
    return Membership.of(member, options.nodeId(), options.configuration().rejoinWait());
  }

  /** The nodes of this cluster, as they are now. */
  public List<NodeView> nodes() {
    return member.getCluster().getMembers().stream()
        .map(
            each ->
                new NodeView(
                    said(each, NodeAttributes.NODE),
                    said(each, NodeAttributes.ROLE),
                    each.getAddress().getHost() + ":" + each.getAddress().getPort(),
                    said(each, NodeAttributes.VERSION),
                    each.localMember()))
        .toList();
  }

  private static String said(Member member, String attribute) {
    return Optional.ofNullable(member.getAttribute(attribute)).orElse("");
  }

  /** How many there are, this one included. */
  public int size() {
    return member.getCluster().getMembers().size();
  }

  /**
   * Makes a Vert.x whose event bus reaches all nodes. Blocks, on a node that holds no data until
   * one is there that does: consumers are registered in maps.
   */
  public Vertx vertx(VertxBuilder builder) throws ExecutionException, InterruptedException {
    boolean told = false;
    while (member.getCluster().getMembers().stream().allMatch(Member::isLiteMember)) {
      if (!told) {
        log.info("node {} waits for a gateway to join it", options.nodeId());
        told = true;
      }
      Thread.sleep(WAIT);
    }
    Vertx vertx = onTheBus(builder);
    Optional<String> stranger = stranger(vertx);
    if (stranger.isPresent()) {
      vertx.close().toCompletionStage().toCompletableFuture().get();
      throw new ExecutionException(new ClusterException(stranger.get()));
    }
    member.getCluster().addMembershipListener(new Departures(vertx));
    return vertx;
  }

  private Vertx onTheBus(VertxBuilder builder) throws ExecutionException, InterruptedException {
    try {
      return builder
          .withClusterManager(new RegistrationKeeper(member))
          .buildClustered()
          .toCompletionStage()
          .toCompletableFuture()
          .get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BindException taken) {
        ClusterConfiguration wanted = options.configuration();
        throw new ExecutionException(
            ClusterException.unavailable(
                "cannot take the event bus's port %s:%d, which is the one after cluster-port: %s"
                    .formatted(wanted.host(), wanted.busPort(), rootMessage(taken)),
                taken));
      }
      if (root(e) instanceof GeneralSecurityException) {
        // What the files say in themselves was looked at before; not what they say together.
        throw new ExecutionException(
            new ClusterException(
                "cluster-tls-cert, cluster-tls-key, cluster-tls-ca cannot be used: "
                    + rootMessage(e),
                e));
      }
      throw e;
    }
  }

  /**
   * Why the others would not speak with this node; empty when somebody does, or nobody is there.
   */
  private Optional<String> stranger(Vertx vertx) throws ExecutionException, InterruptedException {
    if (options.configuration().tls().isEmpty()) {
      return Optional.empty();
    }
    List<InetSocketAddress> buses =
        member.getCluster().getMembers().stream()
            .filter(each -> !each.localMember())
            .map(Member::getAddress)
            .map(each -> InetSocketAddress.createUnresolved(each.getHost(), each.getPort() + 1))
            .toList();
    return new BusHandshake(vertx, options.configuration().tls().get(), BUS_CONNECT).refusal(buses);
  }

  /** How its event bus is bound and reached. */
  public EventBusOptions bus() {
    ClusterConfiguration wanted = options.configuration();
    var bus =
        new EventBusOptions()
            .setHost(wanted.host())
            .setPort(wanted.busPort())
            .setClusterPublicHost(wanted.host())
            .setClusterPublicPort(wanted.busPort())
            .setConnectTimeout(Math.toIntExact(BUS_CONNECT.toMillis()))
            .setTcpKeepAlive(true)
            .setTcpNoDelay(true)
            .setClusterPingInterval(2000)
            .setClusterPingReplyInterval(3000);
    wanted
        .tls()
        .ifPresent(
            tls ->
                bus.setSsl(true)
                    .setKeyCertOptions(BusHandshake.shown(tls))
                    .setTrustOptions(BusHandshake.trusted(tls))
                    // Both ends show who signed for them.
                    .setClientAuth(ClientAuth.REQUIRED));
    return bus;
  }

  /** Hands over what it holds and leaves. Blocks. */
  @Override
  public void close() {
    if (member.getLifecycleService().isRunning()) {
      member.shutdown();
    }
  }
}
