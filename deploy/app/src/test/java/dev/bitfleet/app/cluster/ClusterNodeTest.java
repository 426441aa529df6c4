package dev.bitfleet.app.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.bitfleet.app.config.ClusterConfiguration;
import dev.bitfleet.app.config.NodeRole;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** Addresses that a node cannot have are refused in words that name the setting. */
class ClusterNodeTest {

  private static final String CLUSTER = "test-" + UUID.randomUUID();

  private static ClusterNode join(String host, int port) throws ClusterException {
    return join("node-test", host, port, List.of(), Map.of());
  }

  private static ClusterNode join(
      String node, String host, int port, List<String> others, Map<String, String> agreed)
      throws ClusterException {
    return ClusterNode.join(
        new ClusterOptions(
            new ClusterConfiguration(
                host,
                port,
                others,
                Optional.empty(),
                CLUSTER,
                Optional.empty(),
                Optional.empty(),
                Duration.ofSeconds(1)),
            node,
            NodeRole.BOTH,
            "test",
            agreed),
        config -> {});
  }

  @Test
  void a_host_of_another_machine_is_told_apart_from_a_port_that_is_taken() {
    // Addresses for documentation (RFC 5737): nobody has them.
    assertThatThrownBy(() -> join("192.0.2.1", 7800))
        .isInstanceOfSatisfying(
            ClusterException.class, refused -> assertThat(refused.unavailable()).isTrue())
        .hasMessage("cluster-host: no interface of this machine has the address 192.0.2.1");
  }

  @Test
  void an_event_bus_whose_port_is_taken_names_that_port() throws Exception {
    try (NodePorts ports = NodePorts.free();
        ServerSocket bus = ports.takeBus();
        ClusterNode node = join("127.0.0.1", ports.member())) {
      ExecutionException failure =
          catchThrowableOfType(
              ExecutionException.class,
              () ->
                  node.vertx(
                      Vertx.builder().with(new VertxOptions().setEventBusOptions(node.bus()))));
      assertThat(failure.getCause())
          .isInstanceOfSatisfying(
              ClusterException.class, refused -> assertThat(refused.unavailable()).isTrue())
          .hasMessageContaining("the event bus's port 127.0.0.1:" + bus.getLocalPort())
          .hasMessageContaining("the one after cluster-port");
    }
  }

  @Test
  void a_newcomer_is_told_of_every_setting_that_the_others_have_otherwise() throws Exception {
    try (NodePorts first = NodePorts.free();
        NodePorts second = NodePorts.free();
        ClusterNode there =
            join(
                "node-a",
                "127.0.0.1",
                first.member(),
                List.of(),
                Map.of("stream-grace", "30s", "conversation-items", "9", "cluster-tls", "off"))) {
      List<String> others = List.of("127.0.0.1:" + first.member());
      assertThatThrownBy(
              () ->
                  join(
                      "node-b",
                      "127.0.0.1",
                      second.member(),
                      others,
                      Map.of(
                          "stream-grace", "1m",
                          "conversation-items", "10",
                          "cluster-tls", "off",
                          "of-a-later-version", "1")))
          .isInstanceOfSatisfying(
              ClusterException.class, refused -> assertThat(refused.unavailable()).isFalse())
          .hasMessage(
              "conversation-items is 10 here and 9 on node node-a (127.0.0.1);"
                  + " stream-grace is 1m here and 30s on node node-a (127.0.0.1);"
                  + " all nodes of a cluster need the same");
    }
  }
}
