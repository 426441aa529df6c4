package dev.bitfleet.app.cluster;

import com.hazelcast.config.AdvancedNetworkConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.config.TcpIpConfig;
import com.hazelcast.instance.ProtocolType;
import dev.bitfleet.app.config.ClusterConfiguration;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where a member listens, and where it looks for others: nowhere but where it is told to. */
final class MemberNetwork {
  private static final Logger log = LoggerFactory.getLogger(MemberNetwork.class);

  private MemberNetwork() {}

  static void configure(AdvancedNetworkConfig network, ClusterConfiguration wanted)
      throws ClusterException {
    network.setEnabled(true);
    ServerSocketEndpointConfig members = new ServerSocketEndpointConfig();
    members.setProtocolType(ProtocolType.MEMBER);
    members.setPort(wanted.port());
    members.setPortAutoIncrement(false);
    members.setReuseAddress(true);
    // Left to itself the kernel asks ever more rarely, and is silent for the first twenty seconds
    // after a split of a minute.
    members.setSocketConnectTimeoutSeconds(2);
    members.getInterfaces().setEnabled(true).addInterface(address(wanted.host()));
    network.setMemberEndpointConfig(members);
    network.getJoin().getMulticastConfig().setEnabled(false);
    network.getJoin().getAutoDetectionConfig().setEnabled(false);
    TcpIpConfig known = network.getJoin().getTcpIpConfig();
    known.setEnabled(true).setConnectionTimeoutSeconds(3);
    for (String each : wanted.join()) {
      known.addMember(withPort(each, wanted));
    }
    for (String each : behind(wanted.dns())) {
      known.addMember(each + ":" + wanted.port());
    }
  }

  /** Those to join but for this node itself, which a list that all nodes have names too. */
  static List<String> others(ClusterConfiguration wanted) {
    return wanted.join().stream().filter(each -> !isSelf(each, wanted)).toList();
  }

  private static boolean isSelf(String node, ClusterConfiguration wanted) {
    String place = withPort(node, wanted);
    int colon = place.lastIndexOf(':');
    if (!place.substring(colon + 1).equals(Integer.toString(wanted.port()))) {
      return false;
    }
    try {
      return InetAddress.getByName(place.substring(0, colon))
          .equals(InetAddress.getByName(wanted.host()));
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static String withPort(String node, ClusterConfiguration wanted) {
    return node.matches(".*[^:]:\\d+") ? node : node + ":" + wanted.port();
  }

  private static String address(String host) throws ClusterException {
    try {
      InetAddress address = InetAddress.getByName(host);
      if (NetworkInterface.getByInetAddress(address) == null) {
        throw ClusterException.unavailable(
            "cluster-host: no interface of this machine has the address " + host);
      }
      return address.getHostAddress();
    } catch (UnknownHostException e) {
      throw new ClusterException("cluster-host: '" + host + "' does not resolve", e);
    } catch (SocketException e) {
      throw new ClusterException("cluster-host: interfaces cannot be read: " + e.getMessage(), e);
    }
  }

  /** Nobody behind the name is no failure: this node may be the first. */
  private static List<String> behind(Optional<String> name) {
    if (name.isEmpty()) {
      return List.of();
    }
    try {
      var addresses = new ArrayList<String>();
      for (InetAddress each : InetAddress.getAllByName(name.get())) {
        addresses.add(each.getHostAddress());
      }
      return addresses;
    } catch (UnknownHostException e) {
      log.warn("cluster-dns: there is nothing behind {} yet", name.get());
      return List.of();
    }
  }
}
