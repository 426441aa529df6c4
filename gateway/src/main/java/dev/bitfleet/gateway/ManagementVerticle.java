package dev.bitfleet.gateway;

import dev.bitfleet.gateway.dispatch.FleetWatch;
import dev.bitfleet.gateway.management.ManagementServer;
import dev.bitfleet.gateway.management.NodeView;
import dev.bitfleet.gateway.routing.FleetView;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The operators' port of a node that has no gateway: health, metrics, and its own workers. Deploy
 * one instance, on an event loop.
 */
public final class ManagementVerticle extends VerticleBase {
  private final GatewayOptions options;
  private final Supplier<List<NodeView>> nodes;
  private final PrometheusMeterRegistry registry;
  private volatile int port;
  private volatile boolean stopping;
  private @Nullable FleetWatch watch;
  private @Nullable ManagementServer server;

  /**
   * @param options whose gateway id is the node's; of the rest, what is about management
   * @param nodes of the cluster
   * @param registry what {@code /metrics} shows
   */
  public ManagementVerticle(
      GatewayOptions options, Supplier<List<NodeView>> nodes, PrometheusMeterRegistry registry) {
    this.options = options;
    this.nodes = nodes;
    this.registry = registry;
  }

  @Override
  public Future<?> start() {
    FleetView own = new FleetView(FleetView.STALE_AFTER);
    FleetWatch watching = new FleetWatch(vertx, own, options.gatewayId());
    watch = watching;
    ManagementServer listening =
        new ManagementServer(
            vertx, own, nodes, registry, options.managementDoor(), () -> stopping, () -> false);
    server = listening;
    return watching
        .start()
        .compose(ready -> listening.start(options.managementHost(), options.managementPort()))
        .onSuccess(bound -> port = bound);
  }

  /** Is unready from now on. The port is closed at once: who asks for health sees either. */
  @Override
  public Future<?> stop() {
    stopping = true;
    return Future.join(
        watch == null ? Future.succeededFuture() : watch.stop(),
        server == null ? Future.succeededFuture() : server.stop());
  }

  /** Its port, once deployed. May be asked from any thread. */
  public int port() {
    return port;
  }
}
