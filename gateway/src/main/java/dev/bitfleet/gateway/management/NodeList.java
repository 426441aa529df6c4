package dev.bitfleet.gateway.management;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import dev.bitfleet.proto.NodeAttributes;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The nodes that have joined one another, for {@code /nodes}. Thread-safe. */
public final class NodeList {
  private final String self;
  private final Optional<HazelcastInstance> member;

  /**
   * @param self id of this node
   * @param member empty when it serves alone
   */
  public NodeList(String self, Optional<HazelcastInstance> member) {
    this.self = self;
    this.member = member;
  }

  ObjectNode json() {
    ObjectNode body = JsonMapper.shared().createObjectNode();
    ArrayNode list = body.putArray("nodes");
    if (member.isEmpty()) {
      list.addObject().put("id", self).put("role", "both").put("address", "").put("self", true);
      return body;
    }
    for (Member each : member.get().getCluster().getMembers()) {
      ObjectNode node = list.addObject();
      node.put("id", each.getAttribute(NodeAttributes.NODE));
      node.put("role", each.getAttribute(NodeAttributes.ROLE));
      node.put("address", each.getAddress().getHost() + ":" + each.getAddress().getPort());
      node.put("version", each.getAttribute(NodeAttributes.VERSION));
      node.put("self", each.localMember());
    }
    return body;
  }
}
