package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** What HAProxy sends again: with nodes that take a request and then close without a word. */
class HaproxyRetriesIT {
  private static final int NODES = 2;

  @TempDir Path folder;
  private final AtomicInteger taken = new AtomicInteger();
  private final List<HttpServer> nodes = new ArrayList<>();
  private HaproxyProcess haproxy;

  @BeforeEach
  void nodes_that_die_over_every_request() throws Exception {
    assumeTrue(
        HaproxyProcess.isInstalled() || System.getenv("CI") != null,
        "haproxy is not installed (apt-get install haproxy)");
    for (int i = 0; i < NODES; i++) {
      HttpServer node =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      node.createContext(
          "/health",
          exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
          });
      node.createContext(
          "/v1",
          exchange -> {
            exchange.getRequestBody().readAllBytes();
            taken.incrementAndGet();
            exchange.close();
          });
      node.start();
      nodes.add(node);
    }
    haproxy =
        HaproxyProcess.start(
            folder, nodes.stream().map(node -> node.getAddress().getPort()).toList(), Map.of());
    haproxy.awaitHealthy(NODES);
  }

  @AfterEach
  void end() {
    if (haproxy != null) {
      haproxy.close();
    }
    nodes.forEach(node -> node.stop(0));
  }

  @Test
  void a_post_that_was_taken_is_not_sent_again_and_its_client_is_told_as_the_api_tells()
      throws Exception {
    HttpResponse<String> answer = new Chat(haproxy.api()).post("/v1/completions", "{}");

    assertThat(taken).hasValue(1);
    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(JsonMapper.shared().readTree(answer.body()).at("/error/code").asString())
        .isEqualTo("node_lost");
  }

  @Test
  void a_get_is_tried_again() throws Exception {
    HttpResponse<String> answer = new Chat(haproxy.api()).get("/v1/models");

    assertThat(answer.statusCode()).isEqualTo(502);
    assertThat(taken).hasValueGreaterThan(1);
  }

  @Test
  void without_a_node_clients_are_told_to_come_again() throws Exception {
    nodes.forEach(node -> node.stop(0));
    haproxy.awaitHealthy(0);

    HttpResponse<String> answer = new Chat(haproxy.api()).post("/v1/completions", "{}");

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("retry-after")).contains("1");
    assertThat(answer.body()).contains("no_node");
  }
}
