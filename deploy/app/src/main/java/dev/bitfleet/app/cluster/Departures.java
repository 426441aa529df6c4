package dev.bitfleet.app.cluster;

import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.NodeAttributes;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells this node's gateway at once of a node that has gone. Heartbeats would tell it too, three
 * seconds later: a killed process closes its connections the moment it dies.
 */
final class Departures implements MembershipListener {
  private static final Logger log = LoggerFactory.getLogger(Departures.class);
  private static final DeliveryOptions HERE = new DeliveryOptions().setLocalOnly(true);

  private final Vertx vertx;

  Departures(Vertx vertx) {
    this.vertx = vertx;
  }

  @Override
  public void memberAdded(MembershipEvent event) {
    log.info("node {} has joined", event.getMember().getAttribute(NodeAttributes.NODE));
  }

  @Override
  public void memberRemoved(MembershipEvent event) {
    String node = event.getMember().getAttribute(NodeAttributes.NODE);
    if (node != null) {
      log.info("node {} has left", node);
      vertx.eventBus().publish(BusAddresses.NODE_LEFT, node, HERE);
    }
  }
}
