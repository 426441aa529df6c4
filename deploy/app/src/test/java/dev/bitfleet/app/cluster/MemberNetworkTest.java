package dev.bitfleet.app.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.app.config.ClusterConfiguration;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A list of nodes that all nodes share names this one too. */
class MemberNetworkTest {
  private static List<String> others(String host, String... join) {
    return MemberNetwork.others(
        new ClusterConfiguration(
            host,
            7800,
            List.of(join),
            Optional.empty(),
            "fleet",
            Optional.empty(),
            Optional.empty(),
            Duration.ofSeconds(1)));
  }

  @Test
  void a_node_is_none_of_the_others_however_it_is_written() {
    assertThat(others("127.0.0.1", "127.0.0.1", "127.0.0.1:7800", "localhost")).isEmpty();
    assertThat(others("::1", "[::1]", "[::1]:7800", "[0:0:0:0:0:0:0:1]:7800")).isEmpty();
  }

  @Test
  void who_has_another_port_or_address_or_no_address_is_another() {
    // Names under .invalid never resolve (RFC 2606).
    String[] others = {"127.0.0.1:7801", "127.0.0.2", "[::1]", "node.invalid", "node.invalid:7800"};

    assertThat(others("127.0.0.1", others)).containsExactly(others);
  }
}
