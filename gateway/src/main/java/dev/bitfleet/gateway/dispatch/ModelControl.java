package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.rollout.Rollout;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.ProtocolVersion;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Tells the nodes of the fleet which models to serve: a load comes to all of them or to none. Event
 * loop only.
 */
public final class ModelControl {
  /** An unload answers after some seconds of draining. */
  private static final Duration UNLOADED_WITHIN = Duration.ofMinutes(1);

  /** A gateway that has been silent for so long is given up by the nodes it had prepare. */
  private static final Duration LEASE = Duration.ofSeconds(15);

  /** Since then nodes know rollouts. */
  private static final ProtocolVersion ROLLOUTS = new ProtocolVersion(1, 1);

  private final Vertx vertx;
  private final FleetView fleet;
  private final Supplier<? extends Collection<String>> computing;

  /**
   * @param computing the nodes that can have workers, as they are now; they may have unloaded all
   */
  public ModelControl(
      Vertx vertx, FleetView fleet, Supplier<? extends Collection<String>> computing) {
    this.vertx = vertx;
    this.fleet = fleet;
    this.computing = computing;
  }

  /** Has every node that computes carry out the command. Never fails. */
  public Future<ModelReply> send(ModelCommand command) {
    SortedSet<String> nodes = new TreeSet<>(computing.get());
    fleet.workers().forEach(worker -> nodes.add(worker.heartbeat().nodeId()));
    if (nodes.isEmpty()) {
      return Future.succeededFuture(failed("there is no node that has workers"));
    }
    return switch (command) {
      case ModelCommand.Load load -> load(nodes, load);
      case ModelCommand.Unload unload -> unload(nodes, unload);
    };
  }

  private Future<ModelReply> load(SortedSet<String> nodes, ModelCommand.Load load) {
    Optional<WorkerView> older =
        fleet.workers().stream()
            .filter(worker -> worker.heartbeat().protocol().minor() < ROLLOUTS.minor())
            .findFirst();
    if (older.isPresent()) {
      return Future.succeededFuture(
          failed(
              "node %s speaks version %s of the fleet protocol, and loads on all nodes need %s; nothing was changed"
                  .formatted(
                      older.get().heartbeat().nodeId(),
                      older.get().heartbeat().protocol(),
                      ROLLOUTS)));
    }
    var rollout = new Rollout(UUID.randomUUID().toString(), load, nodes, LEASE, System.nanoTime());
    return new RolloutRun(vertx, rollout).run();
  }

  /** The answer of the first that refused, by node id; else of the first that has done it. */
  private Future<ModelReply> unload(SortedSet<String> nodes, ModelCommand.Unload command) {
    List<Future<ModelReply>> replies = nodes.stream().map(node -> unload(node, command)).toList();
    return Future.join(replies)
        .map(
            ignored ->
                replies.stream()
                    .map(Future::result)
                    .filter(ModelReply.Refused.class::isInstance)
                    .findFirst()
                    .orElseGet(() -> replies.getFirst().result()));
  }

  private Future<ModelReply> unload(String node, ModelCommand.Unload command) {
    return vertx
        .eventBus()
        .<ModelReply>request(
            BusAddresses.models(node),
            command,
            new DeliveryOptions().setSendTimeout(UNLOADED_WITHIN.toMillis()))
        .map(Message::body)
        .otherwise(
            problem ->
                failed(
                    problem instanceof ReplyException e
                            && e.failureType() == ReplyFailure.NO_HANDLERS
                        ? "node " + node + " takes no commands about models"
                        : "node " + node + " did not answer"));
  }

  private static ModelReply failed(String message) {
    return new ModelReply.Refused(ModelReply.Code.FAILED, message, "");
  }
}
