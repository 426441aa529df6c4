package dev.bitfleet.app.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.gateway.contract.Operation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComposeTest {
  private static final List<String> NODES = List.of("node1", "node2", "node3");

  @TempDir Path folder;
  private Document compose;

  @BeforeEach
  void read() throws Exception {
    compose = Document.all("compose/compose.yaml").getFirst();
  }

  private ServeConfiguration settings(String node) throws Exception {
    return Settled.of(compose.at("services", node, "environment").texts(), folder);
  }

  @Test
  void every_node_has_settings_that_hold_and_a_name_of_its_own() throws Exception {
    for (String node : NODES) {
      ServeConfiguration settings = settings(node);
      assertThat(compose.at("services", node, "environment", "BITFLEET_CLUSTER_HOST").text())
          .isEqualTo(node);
      assertThat(settings.cluster().orElseThrow().join()).isEqualTo(NODES);
      assertThat(compose.at("services", node, "volumes", 0).text())
          .isEqualTo(node + ":" + ImageTest.dataFolder());
      assertThat(compose.at("volumes").find(node)).isPresent();
      assertThat(compose.at("services", node, "image").text()).isEqualTo(ImageTest.name());
    }
  }

  @Test
  void the_secret_is_where_the_nodes_look_for_it() {
    String secret = compose.at("services", "node1", "secrets", 0).text();

    assertThat(
            compose.at("services", "node1", "environment", "BITFLEET_CLUSTER_SECRET_FILE").text())
        .isEqualTo("/run/secrets/" + secret);
    assertThat(compose.at("secrets").find(secret)).isPresent();
  }

  @Test
  void the_proxy_knows_all_nodes_at_their_port() throws Exception {
    Map<String, String> proxy = compose.at("services", "proxy", "environment").texts();

    assertThat(HaproxyFile.read().variables()).containsAll(proxy.keySet());
    for (int i = 0; i < NODES.size(); i++) {
      assertThat(proxy)
          .containsEntry(
              "FLEET_NODE_" + (i + 1), NODES.get(i) + ":" + settings(NODES.get(i)).http().port());
    }
  }

  @Test
  void nodes_have_time_to_drain_and_the_proxy_to_notice() throws Exception {
    ServeConfiguration settings = settings("node1");
    Duration grace =
        Duration.parse("PT" + compose.at("services", "node1", "stop_grace_period").text());

    assertThat(grace).isGreaterThanOrEqualTo(Settled.stopping(settings));
    assertThat(settings.drainDelay())
        .isGreaterThan(HaproxyFile.read().noticesWithin().plusSeconds(1));
  }

  @Test
  void the_proxy_asks_a_route_that_exists() throws Exception {
    assertThat(HaproxyFile.read().healthPath()).isEqualTo(Operation.GET_HEALTH.documentPath());
  }
}
