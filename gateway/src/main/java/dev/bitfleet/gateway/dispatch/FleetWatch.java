package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.WorkerHeartbeat;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import org.jspecify.annotations.Nullable;

/** Keeps a view of one node's workers, for a node that dispatches nothing. Event loop only. */
public final class FleetWatch {
  private static final long SWEEP_MILLIS = 500;

  private final Vertx vertx;
  private final FleetView fleet;
  private final String node;
  private long sweepTimer = -1;
  private @Nullable MessageConsumer<WorkerHeartbeat> heartbeats;

  /**
   * @param fleet where what is heard of the node's workers is put
   */
  public FleetWatch(Vertx vertx, FleetView fleet, String node) {
    this.vertx = vertx;
    this.fleet = fleet;
    this.node = node;
  }

  /** Begins to listen. */
  public Future<Void> start() {
    MessageConsumer<WorkerHeartbeat> heard =
        vertx
            .eventBus()
            .consumer(
                BusAddresses.HEARTBEATS,
                message -> {
                  if (message.body().nodeId().equals(node)) {
                    fleet.hear(message.body(), System.nanoTime());
                  }
                });
    heartbeats = heard;
    sweepTimer = vertx.setPeriodic(SWEEP_MILLIS, id -> fleet.expire(System.nanoTime()));
    return heard.completion();
  }

  /** Stops listening. */
  public Future<Void> stop() {
    vertx.cancelTimer(sweepTimer);
    return heartbeats == null ? Future.succeededFuture() : heartbeats.unregister();
  }
}
