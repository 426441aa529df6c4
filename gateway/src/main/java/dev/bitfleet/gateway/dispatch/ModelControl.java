package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;

/** Tells the nodes of the fleet which models to serve. Event loop only. */
public final class ModelControl {
  /** Beyond a node's own limits, which end a load that hangs. */
  private static final Duration WITHIN = Duration.ofMinutes(30);

  private final Vertx vertx;
  private final FleetView fleet;
  private final String ownNode;

  /**
   * @param ownNode asked when no worker has been heard of: it may have unloaded everything
   */
  public ModelControl(Vertx vertx, FleetView fleet, String ownNode) {
    this.vertx = vertx;
    this.fleet = fleet;
    this.ownNode = ownNode;
  }

  /**
   * Has every node carry out the command.
   *
   * @return the answer of the first that refused, by node id; else of the first that has done it.
   *     Never fails
   */
  public Future<ModelReply> send(ModelCommand command) {
    var nodes = new TreeSet<String>();
    fleet.workers().forEach(worker -> nodes.add(worker.heartbeat().nodeId()));
    if (nodes.isEmpty()) {
      nodes.add(ownNode);
    }
    List<Future<ModelReply>> replies = nodes.stream().map(node -> send(node, command)).toList();
    return Future.join(replies)
        .map(
            ignored ->
                replies.stream()
                    .map(Future::result)
                    .filter(ModelReply.Refused.class::isInstance)
                    .findFirst()
                    .orElseGet(() -> replies.getFirst().result()));
  }

  private Future<ModelReply> send(String node, ModelCommand command) {
    return vertx
        .eventBus()
        .<ModelReply>request(
            BusAddresses.models(node),
            command,
            new DeliveryOptions().setSendTimeout(WITHIN.toMillis()))
        .map(Message::body)
        .otherwise(
            problem ->
                new ModelReply.Refused(
                    ModelReply.Code.FAILED,
                    problem instanceof ReplyException e
                            && e.failureType() == ReplyFailure.NO_HANDLERS
                        ? "node " + node + " takes no commands about models"
                        : "node " + node + " did not answer",
                    ""));
  }
}
