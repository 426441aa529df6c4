package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nodes whose event bus is TLS with certificates on both sides. What one node answers, the other
 * computes: each request needs a connection of the bus in either direction.
 */
class ClusterTlsIT {
  @TempDir static Path folder;
  private static Certificates authority;
  private static Nodes nodes;
  private static BitfleetProcess gateway;

  @BeforeAll
  static void a_gateway_and_a_worker() throws Exception {
    authority = new Certificates(folder.resolve("authority"));
    nodes = new Nodes(folder, 3);
    String[] ofGateway = authority.issue("gateway").settings(authority).toArray(String[]::new);
    String[] ofWorker = with(authority.issue("worker").settings(authority), "--threads", "1");
    // Neither is ready without the other.
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var worker = threads.submit(() -> nodes.start(1, "worker", ofWorker));
      gateway = nodes.start(0, "gateway", ofGateway);
      worker.get();
    }
  }

  @AfterAll
  static void end() {
    nodes.close();
  }

  @Test
  void what_one_node_answers_the_other_computes() throws Exception {
    assertThat(new Chat(gateway).ask("What is the capital of France?")).contains("Paris");
  }

  @Test
  void a_node_whose_certificate_another_authority_signed_is_refused() throws Exception {
    var strangers = new Certificates(folder.resolve("strangers"));
    Certificates.Issued issued = strangers.issue("stranger");

    assertRefused(run(issued.settings(strangers)));
    // It believes the others, and they do not believe it.
    assertRefused(run(issued.settings(authority)));
  }

  private static void assertRefused(Exit exit) {
    assertThat(exit.status()).as(exit.err()).isEqualTo(78);
    assertThat(exit.err())
        .contains("cluster-tls-cert, cluster-tls-ca: this node and the others (127.0.0.1:");
    assertThat(gateway.workers()).hasSize(1);
  }

  @Test
  void a_node_that_speaks_plainly_is_refused() throws Exception {
    Exit exit = run(List.of());

    assertThat(exit.status()).as(exit.err()).isEqualTo(78);
    assertThat(exit.err()).contains("cluster-tls is off here and on on node ");
  }

  private static Exit run(List<String> tls) throws Exception {
    var command =
        new ArrayList<>(
            List.of(
                "worker",
                "--port",
                "0",
                "--management-port",
                "0",
                "--data-dir",
                nodes.folder(2).resolve("data").toString()));
    command.addAll(nodes.settings(2));
    command.addAll(tls);
    return Exit.ofBitfleet(folder, command.toArray(String[]::new));
  }

  private static String[] with(List<String> first, String... more) {
    var all = new ArrayList<>(first);
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }
}
