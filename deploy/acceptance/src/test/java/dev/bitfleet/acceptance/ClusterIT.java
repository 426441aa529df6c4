package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Several nodes, one service. The last test kills what the others need. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ClusterIT {
  private static final String[] ONE_THREAD = {"--threads", "1"};

  @TempDir static Path folder;
  private static Nodes nodes;
  private static BitfleetProcess both;
  private static BitfleetProcess worker;
  private static BitfleetProcess gateway;

  @BeforeAll
  static void three_nodes() throws Exception {
    nodes = new Nodes(folder, 4);
    both = nodes.start(0, "serve", ONE_THREAD);
    worker = nodes.start(1, "worker", ONE_THREAD);
    gateway = nodes.start(2, "gateway");
    Await.until(
        "the gateway knows both workers",
        Duration.ofSeconds(20),
        () -> gateway.workers().stream().filter(ClusterIT::ready).count() == 2);
  }

  @AfterAll
  static void end() {
    nodes.close();
  }

  private static boolean ready(JsonNode worker) {
    return worker.get("state").asString().equals("ready");
  }

  @Test
  @Order(1)
  void each_gateway_gives_the_same_answer() throws Exception {
    String question = "What is the capital of France?";

    assertThat(new Chat(gateway).ask(question)).isEqualTo(new Chat(both).ask(question));
    assertThat(worker.workers()).hasSize(1);
    assertThat(both.workers()).hasSize(2);
  }

  @Test
  @Order(1)
  void requests_reach_the_workers_of_other_nodes() throws Exception {
    var answers = new ArrayList<String>();
    var clients = new ArrayList<Thread>();
    for (int i = 0; i < 8; i++) {
      clients.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      HttpResponse<String> answer =
                          new Chat(gateway).post("/completion", Chat.endless(200).toString());
                      synchronized (answers) {
                        answers.add(answer.statusCode() + text(answer));
                      }
                    } catch (Exception e) {
                      throw new AssertionError(e);
                    }
                  }));
    }
    // Eight are all the slots of both.
    Await.until(
        "both workers have some of them",
        Duration.ofSeconds(20),
        () ->
            gateway.workers().stream().allMatch(each -> each.get("in_flight").asInt() > 0)
                || !clients.stream().allMatch(Thread::isAlive));
    for (Thread client : clients) {
      client.join();
    }
    assertThat(answers).hasSize(8);
    assertThat(answers.stream().distinct()).hasSize(1);
    assertThat(answers.getFirst()).startsWith("200");
  }

  private static String text(HttpResponse<String> answer) {
    return answer.statusCode() == 200 ? Served.ok(answer).get("content").asString() : answer.body();
  }

  @Test
  @Order(1)
  void a_conversation_is_the_same_at_each_gateway() throws Exception {
    String id = conversation(both);
    say(gateway, id, "Hello");
    say(both, id, "And again");

    assertThat(items(both, id)).hasSize(4).isEqualTo(items(gateway, id));
  }

  @Test
  @Order(1)
  void the_fleet_can_be_looked_at() throws Exception {
    Exit tables = Exit.ofBitfleet(folder, "fleet", "--url", gateway.management().toString());

    assertThat(tables.status()).as(tables.err()).isZero();
    assertThat(tables.out().lines())
        .anyMatch(line -> line.matches("node-\\w+ \\*\\s+gateway\\s+127.0.0.1:\\d+ .*"))
        .anyMatch(line -> line.matches("node-\\w+\\s+worker\\s+127.0.0.1:\\d+ .*"))
        .anyMatch(line -> line.matches("node-\\w+-0\\s+ready\\s+bitfleet-demo .*"))
        .anyMatch(line -> line.matches("3 nodes, 2 workers, \\d of 8 slots taken"));
    JsonNode json =
        JsonMapper.shared()
            .readTree(
                Exit.ofBitfleet(folder, "fleet", "--json", "--url", both.management().toString())
                    .out());
    assertThat(json.get("nodes")).hasSize(3);
    assertThat(json.get("workers")).hasSize(2);

    Exit nobody = Exit.ofBitfleet(folder, "fleet", "--url", "http://127.0.0.1:1");
    assertThat(nobody.status()).isEqualTo(69);
    assertThat(nobody.err()).contains("nobody listens at http://127.0.0.1:1");
  }

  @Test
  @Order(1)
  void a_node_that_was_told_otherwise_is_refused() throws Exception {
    Exit exit =
        run("serve", 3, nodes.settings(3), "--conversation-items", "5", "--stream-grace", "1m");

    assertThat(exit.status()).isEqualTo(78);
    assertThat(exit.err())
        .contains("conversation-items is 5 here and 10000 on node ")
        .contains("; stream-grace is 1m here and 30s on node ")
        .contains("all nodes of a cluster need the same")
        .doesNotContain("\tat ");
  }

  @Test
  @Order(1)
  void a_node_with_another_nodes_name_is_refused() throws Exception {
    Path copy = nodes.folder(3).resolve("data");
    Files.createDirectories(copy);
    Files.copy(nodes.folder(1).resolve("data/node-id"), copy.resolve("node-id"));
    try {
      Exit exit = run("serve", 3, nodes.settings(3));

      assertThat(exit.status()).isEqualTo(78);
      assertThat(exit.err()).contains("is in the cluster already").contains("delete node-id");
    } finally {
      Files.delete(copy.resolve("node-id"));
    }
  }

  @Test
  @Order(1)
  void a_role_without_a_cluster_and_a_short_secret_are_refused() throws Exception {
    assertThat(run("worker", 3, List.of()).err())
        .contains("a node that is only a worker needs others: give it a cluster-port");

    var settings = new ArrayList<>(nodes.settings(3));
    Path weak = Files.writeString(folder.resolve("weak"), "12345");
    settings.set(settings.size() - 1, weak.toString());
    Exit exit = run("gateway", 3, settings);
    assertThat(exit.status()).isEqualTo(78);
    assertThat(exit.err()).contains("has 5 characters; give it 16 or more");
  }

  @Test
  @Order(2)
  void a_worker_that_comes_back_under_its_name_is_used_again() throws Exception {
    worker.kill();
    Await.until(
        "the gateway has heard of its death",
        Duration.ofSeconds(3),
        () -> gateway.workers().size() == 1);

    worker = nodes.start(1, "worker", ONE_THREAD);

    Await.until(
        "it is ready for the gateway",
        Duration.ofSeconds(10),
        () -> gateway.workers().stream().filter(ClusterIT::ready).count() == 2);
  }

  @Test
  @Order(3)
  void what_a_killed_node_kept_is_there_and_others_answer() throws Exception {
    String id = conversation(both);
    say(both, id, "Hello");
    List<String> before = items(both, id);

    both.kill();

    assertThat(items(gateway, id)).isEqualTo(before);
    say(gateway, id, "Are you there?");
    assertThat(items(gateway, id)).hasSize(4);
  }

  private static Exit run(String role, int node, List<String> settings, String... more)
      throws Exception {
    var all =
        new ArrayList<>(
            List.of(
                role,
                "--port",
                "0",
                "--management-port",
                "0",
                "--data-dir",
                nodes.folder(node).resolve("data").toString()));
    all.addAll(settings);
    all.addAll(List.of(more));
    return Exit.ofBitfleet(folder, all.toArray(String[]::new));
  }

  private static String conversation(BitfleetProcess node) throws Exception {
    return Served.ok(new Chat(node).post("/v1/conversations", "{}")).get("id").asString();
  }

  private static void say(BitfleetProcess node, String conversation, String text) throws Exception {
    HttpResponse<String> answer =
        new Chat(node)
            .post(
                "/v1/conversations/" + conversation + "/chat",
                Chat.question(text).put("max_tokens", 10).toString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  private static List<String> items(BitfleetProcess node, String conversation) throws Exception {
    var items = new ArrayList<String>();
    Served.ok(new Chat(node).get("/v1/conversations/" + conversation + "/items"))
        .get("data")
        .forEach(item -> items.add(item.toString()));
    return items;
  }
}
