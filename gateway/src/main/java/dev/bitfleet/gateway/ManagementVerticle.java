package dev.bitfleet.gateway;

import com.hazelcast.core.HazelcastInstance;
import dev.bitfleet.gateway.management.ManagementServer;
import dev.bitfleet.gateway.management.NodeList;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.WorkerHeartbeat;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The operators' port of a node that has no gateway: health, metrics, and its own workers. Deploy
 * one instance, on an event loop.
 */
public final class ManagementVerticle extends VerticleBase {
  private static final long SWEEP_MILLIS = 500;

  private final GatewayOptions options;
  private final HazelcastInstance member;
  private final PrometheusMeterRegistry registry;
  private final FleetView own = new FleetView(FleetView.STALE_AFTER);
  private volatile int port;
  private volatile boolean stopping;
  private long sweepTimer = -1;
  private @Nullable MessageConsumer<WorkerHeartbeat> heartbeats;
  private @Nullable ManagementServer server;

  /**
   * @param options whose gateway id is the node's; of the rest, what is about management
   * @param member of the cluster
   * @param registry what {@code /metrics} shows
   */
  public ManagementVerticle(
      GatewayOptions options, HazelcastInstance member, PrometheusMeterRegistry registry) {
    this.options = options;
    this.member = member;
    this.registry = registry;
  }

  @Override
  public Future<?> start() {
    MessageConsumer<WorkerHeartbeat> heard =
        vertx
            .eventBus()
            .consumer(
                BusAddresses.HEARTBEATS,
                message -> {
                  if (message.body().nodeId().equals(options.gatewayId())) {
                    own.hear(message.body(), System.nanoTime());
                  }
                });
    heartbeats = heard;
    sweepTimer = vertx.setPeriodic(SWEEP_MILLIS, id -> own.expire(System.nanoTime()));
    ManagementServer listening =
        new ManagementServer(
            vertx,
            own,
            new NodeList(options.gatewayId(), Optional.of(member)),
            registry,
            options.managementDoor(),
            () -> stopping);
    server = listening;
    return heard
        .completion()
        .compose(ready -> listening.start(options.managementHost(), options.managementPort()))
        .onSuccess(bound -> port = bound);
  }

  /** Is unready from now on. The port is closed at once: who asks for health sees either. */
  @Override
  public Future<?> stop() {
    stopping = true;
    vertx.cancelTimer(sweepTimer);
    return Future.join(
        heartbeats == null ? Future.succeededFuture() : heartbeats.unregister(),
        server == null ? Future.succeededFuture() : server.stop());
  }

  /** Its port, once deployed. May be asked from any thread. */
  public int port() {
    return port;
  }
}
