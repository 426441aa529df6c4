package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.await;
import static dev.bitfleet.gateway.responses.Calls.cancel;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.data;
import static dev.bitfleet.gateway.responses.Calls.delete;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.quoted;
import static dev.bitfleet.gateway.responses.Calls.status;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.bitfleet.gateway.store.Membership;
import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import dev.bitfleet.proto.GenerationRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Promised responses in a fleet: one node runs each, and every node can be asked. */
class FleetResponsesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;
  private final List<HazelcastInstance> members = new ArrayList<>();
  private final String fleet = "test-" + UUID.randomUUID();

  @AfterEach
  void end() {
    members.forEach(member -> member.getLifecycleService().terminate());
  }

  /** A node's place in the fleet; the first one makes it. */
  private Membership member(String node, Duration rejoin) {
    Config config = new Config();
    Membership.configure(config);
    config.setClusterName(fleet);
    config.getNetworkConfig().setPort(0).getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getTcpIpConfig().setEnabled(true);
    for (HazelcastInstance there : members) {
      config
          .getNetworkConfig()
          .getJoin()
          .getTcpIpConfig()
          .addMember(
              "127.0.0.1:" + there.getCluster().getLocalMember().getSocketAddress().getPort());
    }
    HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
    members.add(member);
    return Membership.of(member, node, rejoin);
  }

  private Membership member(String node) {
    return member(node, Duration.ofMillis(1));
  }

  private Gateway one() {
    Gateway one =
        Gateway.inFleet(
            "one",
            member("one"),
            options ->
                options
                    .store(StoreOptions.in(folder.resolve("one")))
                    .drainTimeout(Duration.ofMillis(100)));
    one.worker("worker-1", 8);
    return one;
  }

  private Gateway two(Gateway one) {
    return one.beside(
        "two", member("two"), options -> options.store(StoreOptions.in(folder.resolve("two"))));
  }

  private static String conversation(Gateway gateway) {
    return Gateway.json(gateway.post("/v1/conversations", "{}")).path("id").stringValue();
  }

  private static String background(Gateway gateway, String conversation) {
    return id(
        create(gateway, "{'input':'hi','background':true,'conversation':'" + conversation + "'}"));
  }

  private static int items(Gateway gateway, String conversation) {
    return Gateway.json(gateway.get("/v1/conversations/" + conversation + "/items"))
        .path("data")
        .size();
  }

  @Test
  void a_node_that_comes_leaves_alone_what_others_run_and_takes_up_what_they_leave()
      throws InterruptedException {
    try (Gateway one = one()) {
      String conversation = conversation(one);
      one.worker().pause();
      String running = background(one, conversation);
      // In a conversation a second run would only wait for its turn.
      String free = id(create(one, "{'input':'hi','background':true}"));
      Await.until("both are begun", () -> one.worker().open() == 2);
      try (Gateway two = two(one)) {
        await(two, running, "queued", "in_progress");
        // Twice as long as a node waits until it looks for what was left behind.
        Thread.sleep(7_000);
        assertThat(one.worker().seen()).hasSize(2);
        one.worker().resume();
        Calls.await(two, running, "completed");
        Calls.await(two, free, "completed");
        assertThat(items(two, conversation)).isEqualTo(2);
        one.worker().pause();
        String left = background(one, conversation);
        Await.until("it is begun", () -> one.worker().open() == 1);
        one.stop().join();
        one.worker().resume();
        Await.until(
            "it is taken up",
            PATIENCE,
            () -> status(Gateway.json(two.get(PATH + "/" + left))).equals("completed"));
        assertThat(items(two, conversation)).isEqualTo(4);
      }
    }
  }

  private static void await(Gateway gateway, String id, String... any) {
    Await.until(
        id + " can be read",
        PATIENCE,
        () -> List.of(any).contains(status(Gateway.json(gateway.get(PATH + "/" + id)))));
  }

  @Test
  void a_stream_whose_gateway_has_gone_goes_on_at_another() {
    String body = "{'input':'hi','stream':true,'seed':7,'max_output_tokens':60}";
    try (Gateway one = one()) {
      String whole = told(frames(one.post(PATH, quoted(body)).body()));
      try (Gateway two = two(one)) {
        one.worker().pace(20);
        String begun;
        CompletableFuture<HttpResponse<String>> repeat;
        try (RawConnection client = RepeatedRequestsTest.begin(one, "k", body)) {
          begun = client.readUntil("response.output_text.delta");
          repeat = RepeatedRequestsTest.againLater(two, "k", body);
          begun += client.readUntil("\n\n");
          one.stop().join();
        }
        one.worker().pace(0);
        String id = begun.substring(begun.indexOf("resp_"), begun.indexOf("resp_") + 37);
        List<String> rest =
            frames(two.get(PATH + "/" + id + "?stream=true&starting_after=4").body());
        List<String> all = frames(two.get(PATH + "/" + id + "?stream=true").body());
        assertThat(rest).isEqualTo(all.subList(5, all.size()));
        assertThat(begun).contains(all.get(4).strip());
        assertThat(told(all)).isEqualTo(whole);
        assertThat(data(all.getLast()).path("type").stringValue()).isEqualTo("response.incomplete");
        assertThat(frames(repeat.join().body())).isEqualTo(all);
        assertThat(one.worker().seen()).hasSize(3);
      }
    }
  }

  /** The order of a conversation, at that node. */
  private static List<String> said(Gateway gateway, String conversation) {
    List<String> said = new ArrayList<>();
    Gateway.json(gateway.get("/v1/conversations/" + conversation + "/items?order=asc"))
        .path("data")
        .forEach(item -> said.add(item.path("content").path(0).path("text").stringValue()));
    return said;
  }

  private static String idIn(String begun) {
    return begun.substring(begun.indexOf("resp_"), begun.indexOf("resp_") + 37);
  }

  @Test
  void a_stream_in_a_conversation_is_made_again_from_what_it_had_read() {
    try (Gateway one = one()) {
      String conversation = conversation(one);
      String in = ",'conversation':'" + conversation + "'}";
      JsonNode first = create(one, "{'input':'one'" + in);
      try (Gateway two = two(one)) {
        one.worker().pace(20);
        String begun;
        CompletableFuture<HttpResponse<String>> between;
        try (RawConnection client =
            RepeatedRequestsTest.begin(
                one, "k", "{'input':'two','stream':true,'seed':7,'max_output_tokens':300" + in)) {
          begun = client.readUntil("response.output_text.delta");
          between = two.postLater(PATH, quoted("{'input':'three'" + in));
          begun += client.readUntil("\n\n");
          one.stop().join();
        }
        one.worker().pace(0);
        assertThat(between.join().statusCode()).as(between.join().body()).isEqualTo(200);
        String other = Calls.text(Gateway.json(between.join()));

        String id = idIn(begun);
        List<String> rest =
            frames(two.get(PATH + "/" + id + "?stream=true&starting_after=4").body());
        List<String> all = frames(two.get(PATH + "/" + id + "?stream=true").body());
        assertThat(rest).isEqualTo(all.subList(5, all.size()));
        assertThat(begun).contains(all.get(4).strip());
        List<GenerationRequest> asked = one.worker().seen();
        assertThat(asked).hasSize(4);
        assertThat(asked.get(3).prompt())
            .isEqualTo(asked.get(1).prompt())
            .isNotEqualTo(asked.get(2).prompt());
        assertThat(said(two, conversation))
            .containsExactly("one", Calls.text(first), "three", other, "two", told(all));
      }
    }
  }

  @Test
  void a_background_response_in_a_conversation_is_made_again_from_what_it_had_read() {
    try (Gateway one = one()) {
      String conversation = conversation(one);
      create(one, "{'input':'one','conversation':'" + conversation + "'}");
      try (Gateway two = two(one)) {
        one.worker().pause();
        String left = background(one, conversation);
        Await.until("it is begun", () -> one.worker().open() == 1);
        CompletableFuture<HttpResponse<String>> between =
            two.postLater(PATH, quoted("{'input':'three','conversation':'" + conversation + "'}"));
        one.stop().join();
        one.worker().resume();
        assertThat(between.join().statusCode()).as(between.join().body()).isEqualTo(200);
        Calls.await(two, left, "completed");
        List<GenerationRequest> asked = one.worker().seen();
        assertThat(asked).hasSize(4);
        assertThat(asked.get(3).prompt())
            .isEqualTo(asked.get(1).prompt())
            .isNotEqualTo(asked.get(2).prompt());
        assertThat(items(two, conversation)).isEqualTo(6);
      }
    }
  }

  @Test
  void a_stream_whose_history_was_deleted_meanwhile_fails_rather_than_say_something_else() {
    try (Gateway one = one()) {
      String conversation = conversation(one);
      String in = ",'conversation':'" + conversation + "'}";
      JsonNode first = create(one, "{'input':'one'" + in);
      String item = first.path("output").path(0).path("id").stringValue();
      try (Gateway two = two(one)) {
        one.worker().pace(20);
        String begun;
        try (RawConnection client =
            RepeatedRequestsTest.begin(
                one, "k", "{'input':'two','stream':true,'max_output_tokens':300" + in)) {
          begun = client.readUntil("response.output_text.delta") + client.readUntil("\n\n");
          assertThat(
                  delete(two, "/v1/conversations/" + conversation + "/items/" + item).statusCode())
              .isEqualTo(200);
          one.stop().join();
        }
        one.worker().pace(0);
        String id = idIn(begun);
        List<String> rest =
            frames(two.get(PATH + "/" + id + "?stream=true&starting_after=4").body());
        assertThat(data(rest.getLast()).path("code").stringValue())
            .isEqualTo("response_events_changed");
        JsonNode failed = Calls.await(two, id, "failed");
        assertThat(failed.path("error").path("message").stringValue())
            .contains("an item of its conversation", "was deleted");
        assertThat(one.worker().seen()).hasSize(2);
        assertThat(said(two, conversation)).containsExactly("one");
      }
    }
  }

  private static String told(List<String> frames) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < frames.size(); i++) {
      JsonNode event = data(frames.get(i));
      assertThat(event.path("sequence_number").intValue()).isEqualTo(i);
      if (event.path("type").stringValue().equals("response.output_text.delta")) {
        text.append(event.path("delta").stringValue());
      }
    }
    return text.toString();
  }

  @Test
  void a_stream_is_read_and_deleted_at_another_node_while_it_runs() {
    try (Gateway one = one();
        Gateway two = two(one)) {
      one.worker().pace(20);
      try (RawConnection client =
          RepeatedRequestsTest.begin(
              one, "k", "{'input':'hi','stream':true,'max_output_tokens':600}")) {
        String begun = client.readUntil("response.output_text.delta");
        String id = begun.substring(begun.indexOf("resp_"), begun.indexOf("resp_") + 37);
        assertThat(status(Gateway.json(two.get(PATH + "/" + id)))).isEqualTo("in_progress");
        assertThat(cancel(two, id).body()).contains("not_a_background_response");
        assertThat(delete(two, PATH + "/" + id).statusCode()).isEqualTo(200);
        assertThat(client.readUntil("response_gone")).doesNotContain("response.completed");
        assertThat(two.get(PATH + "/" + id).statusCode()).isEqualTo(404);
      }
      Await.until("nobody works for it", () -> one.worker().open() == 0);
    }
  }

  @Test
  void a_stream_that_is_read_at_another_node_alone_is_not_called_off() {
    try (Gateway one =
            Gateway.inFleet(
                "one",
                member("one"),
                options ->
                    options
                        .store(StoreOptions.in(folder.resolve("one")))
                        .streamGrace(Duration.ofSeconds(1)));
        Gateway two =
            one.beside(
                "two",
                member("two"),
                options ->
                    options
                        .store(StoreOptions.in(folder.resolve("two")))
                        .streamGrace(Duration.ofSeconds(1)))) {
      one.worker("worker-1", 8);
      one.worker().pace(50);
      String id;
      try (RawConnection client =
          RepeatedRequestsTest.begin(
              one, "k", "{'input':'hi','stream':true,'max_output_tokens':60}")) {
        String begun = client.readUntil("response.output_text.delta");
        id = begun.substring(begun.indexOf("resp_"), begun.indexOf("resp_") + 37);
      }
      // Three seconds, of which its own node has a reader in none.
      List<String> rest = frames(two.get(PATH + "/" + id + "?stream=true").body());
      JsonNode end = data(rest.getLast()).path("response");
      assertThat(status(end)).isEqualTo("incomplete");
      assertThat(end.path("usage").path("output_tokens").intValue()).isEqualTo(60);
    }
  }

  @Test
  void what_another_node_runs_is_called_off_there() {
    try (Gateway one = one();
        Gateway two = two(one)) {
      String conversation = conversation(one);
      one.worker().pause();
      String called = background(one, conversation);
      String deleted = background(one, conversation(one));
      Await.until("both are begun", () -> one.worker().open() == 2);
      assertThat(status(Gateway.json(cancel(two, called)))).isEqualTo("cancelled");
      assertThat(delete(two, PATH + "/" + deleted).statusCode()).isEqualTo(200);
      Await.until("nobody works for them", () -> one.worker().open() == 0);
      one.worker().resume();
      assertThat(status(Gateway.json(one.get(PATH + "/" + called)))).isEqualTo("cancelled");
      assertThat(items(two, conversation)).isZero();
    }
  }

  @Test
  void what_was_left_is_taken_up_also_when_the_store_could_not_be_opened_at_first()
      throws Exception {
    String left;
    try (Gateway one = one()) {
      one.worker().pause();
      left = id(create(one, "{'input':'hi','background':true}"));
      Await.until("it is begun", () -> one.worker().open() == 1);
      one.stop().join();
    }
    end();
    members.clear();
    Files.write(folder.resolve("one").resolve("nodes"), List.of("one", "who is waited for"));
    try (Gateway again =
        Gateway.inFleet(
            "one",
            // Longer than a store that opens waits for a node.
            member("one", Duration.ofSeconds(18)),
            options -> options.store(StoreOptions.in(folder.resolve("one"))))) {
      again.worker("worker-1", 8);
      Await.until("it is taken up", PATIENCE, () -> again.worker().seen().size() == 1);
      Calls.await(again, left, "completed");
    }
  }
}
