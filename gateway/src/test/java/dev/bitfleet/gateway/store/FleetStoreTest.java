package dev.bitfleet.gateway.store;

import static dev.bitfleet.gateway.store.StoreHarness.TENANT;
import static dev.bitfleet.gateway.store.StoreHarness.get;
import static dev.bitfleet.gateway.store.StoreHarness.message;
import static dev.bitfleet.gateway.store.StoreHarness.refusal;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.core.HazelcastInstance;
import dev.bitfleet.gateway.testing.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several journals and one fleet's maps: each store here stands for a node. */
class FleetStoreTest {
  @TempDir Path folder;
  private final List<HazelcastInstance> fleets = new ArrayList<>();

  /** Maps that are empty, as when all nodes start. */
  private HazelcastInstance fleet() {
    HazelcastInstance member = StoreHarness.loneMember();
    fleets.add(member);
    return member;
  }

  @AfterEach
  void end() {
    fleets.forEach(fleet -> fleet.getLifecycleService().terminate());
  }

  private StoreHarness node(String name, HazelcastInstance fleet) {
    StoreHarness store = waiting(name, fleet, Duration.ofMillis(1));
    get(store.store().open());
    return store;
  }

  /** A node that has begun to open its store, and waits so long for those it knows. */
  private StoreHarness waiting(String name, HazelcastInstance fleet, Duration rejoin) {
    return new StoreHarness(StoreOptions.in(folder.resolve(name)), fleet, rejoin);
  }

  @Test
  void nothing_is_said_of_what_is_kept_before_all_that_were_there_have_put_it_back()
      throws Exception {
    String id;
    HazelcastInstance fleet = fleet();
    try (StoreHarness one = node("one", fleet);
        StoreHarness two = node("two", fleet)) {
      id = one.conversation(TENANT);
      one.append(id, "said");
      // Two has to have seen one, also where it was there first.
      awaitKnown("two", "one");
    }
    HazelcastInstance restarted = fleet();
    try (StoreHarness two = waiting("two", restarted, Duration.ofMinutes(1))) {
      var items = two.store().conversations().items(TENANT, id).toCompletionStage();
      Thread.sleep(700);
      assertThat(items.toCompletableFuture()).isNotDone();
      try (StoreHarness one = waiting("one", restarted, Duration.ofMinutes(1))) {
        assertThat(get(one.store().conversations().items(TENANT, id))).hasSize(1);
        assertThat(items.toCompletableFuture().get(20, TimeUnit.SECONDS)).hasSize(1);
      }
    }
    // Whoever finds a fleet at work waits for nobody.
    HazelcastInstance without = fleet();
    try (StoreHarness other = node("three", without);
        StoreHarness two = waiting("two", without, Duration.ofMinutes(1))) {
      long began = System.nanoTime();
      assertThat(refusal(() -> two.store().conversations().items(TENANT, id)))
          .isEqualTo("404 conversation_not_found");
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(8));
      assertThat(refusal(() -> other.store().conversations().items(TENANT, id)))
          .isEqualTo("404 conversation_not_found");
    }
  }

  private void awaitKnown(String node, String other) {
    Path file = folder.resolve(node).resolve(RollCall.NAME);
    Await.until(node + " knows " + other, Duration.ofSeconds(20), () -> names(file, other));
  }

  private static boolean names(Path file, String other) {
    try {
      return Files.exists(file) && Files.readAllLines(file).contains(other);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void a_node_that_does_not_come_back_is_no_longer_waited_for_the_next_time() throws Exception {
    String id;
    HazelcastInstance fleet = fleet();
    try (StoreHarness one = node("one", fleet);
        StoreHarness two = node("two", fleet)) {
      id = two.conversation(TENANT);
      awaitKnown("two", "one");
      assertThat(one.texts(id)).isEmpty();
    }
    try (StoreHarness two = waiting("two", fleet(), Duration.ofSeconds(1))) {
      assertThat(get(two.store().conversations().items(TENANT, id))).isEmpty();
    }
    assertThat(Files.readAllLines(folder.resolve("two").resolve(RollCall.NAME)))
        .containsExactly("two");
  }

  @Test
  void what_nodes_wrote_in_turn_comes_back_in_order_from_their_journals() {
    String id;
    List<String> said = new ArrayList<>();
    HazelcastInstance fleet = fleet();
    try (StoreHarness one = node("one", fleet);
        StoreHarness two = node("two", fleet)) {
      id = one.conversation(TENANT);
      for (int i = 0; i < 10; i++) {
        (i % 2 == 0 ? one : two).append(id, "turn " + i);
        said.add("turn " + i);
      }
    }
    HazelcastInstance restarted = fleet();
    try (StoreHarness two = node("two", restarted)) {
      // It has what it wrote, and goes on before the other is there.
      two.append(id, "meanwhile");
      said.add("meanwhile");
      try (StoreHarness one = node("one", restarted)) {
        assertThat(one.texts(id)).isEqualTo(said).isEqualTo(two.texts(id));
        assertThat(get(one.store().conversations().find(TENANT, id)).items()).isEqualTo(11);
        one.append(id, "and on");
        assertThat(get(two.store().conversations().find(TENANT, id)).items()).isEqualTo(12);
        assertThat(two.texts(id)).hasSize(12).endsWith("and on");
      }
    }
  }

  @Test
  void what_one_node_deleted_does_not_come_back_from_another_ones_journal() {
    String id;
    HazelcastInstance fleet = fleet();
    try (StoreHarness one = node("one", fleet);
        StoreHarness two = node("two", fleet)) {
      id = one.conversation(TENANT);
      one.append(id, "secret");
      two.append(id, "secret too");
      // Two's last word is later than the tombstone would be by a clock that is behind.
      get(one.store().conversations().delete(TENANT, id));
    }
    for (List<String> order : List.of(List.of("one", "two"), List.of("two", "one"))) {
      HazelcastInstance restarted = fleet();
      try (StoreHarness first = node(order.getFirst(), restarted);
          StoreHarness second = node(order.getLast(), restarted)) {
        assertThat(refusal(() -> first.store().conversations().items(TENANT, id)))
            .isEqualTo("404 conversation_not_found");
        assertThat(restarted.getMap(Shelf.PLACES.map()).size()).isZero();
      }
    }
  }

  @Test
  void a_request_that_two_nodes_carried_out_apart_is_kept_once() throws Exception {
    String id;
    try (StoreHarness before = node("one", fleet())) {
      id = before.conversation(TENANT);
      before.append(id, "first");
    }
    copy("one", "two");
    try (StoreHarness one = node("one", fleet());
        StoreHarness two = node("two", fleet())) {
      one.append(id, "left");
      two.append(id, "right");
      two.append(id, "right again");
      said(one, id, "key", "both");
      said(two, id, "key", "both");
    }
    HazelcastInstance together = fleet();
    try (StoreHarness one = node("one", together);
        StoreHarness two = node("two", together)) {
      assertThat(one.texts(id))
          .containsExactlyInAnyOrder("first", "left", "right", "right again", "both")
          .startsWith("first")
          .containsSubsequence("right", "right again")
          .isEqualTo(two.texts(id));
      assertThat(get(one.store().conversations().find(TENANT, id)).items()).isEqualTo(5);
    }
  }

  @Test
  void a_request_that_waited_while_its_client_was_served_elsewhere_does_not_move_the_turn()
      throws Exception {
    String id;
    try (StoreHarness before = node("one", fleet())) {
      id = before.conversation(TENANT);
      before.append(id, "first");
    }
    copy("one", "two");
    HazelcastInstance half = fleet();
    try (StoreHarness one = node("one", half);
        StoreHarness two = node("two", fleet())) {
      LeaseTable table =
          new GridLeases(Grid.on(Membership.of(half, "holder", Duration.ofMillis(1))));
      Leases.Lease held =
          new Leases(table)
              .acquire(Leases.change(id), Duration.ofSeconds(1), 1)
              .orElseThrow(AssertionError::new);
      Thread waiting = Thread.ofVirtual().start(() -> said(one, id, "key", "told"));
      Await.until("its turn has begun", Duration.ofSeconds(10), () -> table.taken(Leases.turn(id)));
      Thread.sleep(200);
      said(two, id, "key", "told");
      two.append(id, "later");
      held.close();
      waiting.join();
    }
    HazelcastInstance together = fleet();
    try (StoreHarness one = node("one", together);
        StoreHarness two = node("two", together)) {
      assertThat(one.texts(id)).containsExactly("first", "told", "later").isEqualTo(two.texts(id));
    }
  }

  @Test
  void a_key_that_comes_again_when_its_answer_is_forgotten_costs_no_turn() throws Exception {
    StoreOptions forgetful =
        StoreOptions.in(folder.resolve("one"))
            .keeping(Duration.ofDays(1), Duration.ofMillis(50), Duration.ofMinutes(1));
    try (StoreHarness one = new StoreHarness(forgetful, fleet(), Duration.ofMillis(1))) {
      String id = one.conversation(TENANT);
      said(one, id, "key", "yesterday");
      Thread.sleep(60);
      said(one, id, "key", "today");
      assertThat(one.texts(id)).containsExactly("yesterday", "today");
    }
  }

  @Test
  void who_finds_a_fleet_that_has_given_a_node_up_gives_it_up_too() throws Exception {
    for (String name : List.of("one", "two")) {
      Path node = Files.createDirectories(folder.resolve(name));
      Files.write(node.resolve(RollCall.NAME), List.of("one", "retired", "two"));
    }
    HazelcastInstance restarted = fleet();
    try (StoreHarness one = waiting("one", restarted, Duration.ofMillis(1));
        StoreHarness two = waiting("two", restarted, Duration.ofMinutes(1))) {
      get(one.store().open());
      get(two.store().open());
      for (String name : List.of("one", "two")) {
        assertThat(Files.readAllLines(folder.resolve(name).resolve(RollCall.NAME)))
            .as(name)
            .doesNotContain("retired");
      }
    }
  }

  private static void said(StoreHarness store, String id, String key, String text) {
    byte[] request = text.getBytes(UTF_8);
    var attempt = (Attempt.Fresh) get(store.store().idempotency().begin(TENANT, key, request));
    Turn turn = get(store.store().conversations().begin(TENANT, id));
    get(
        store
            .store()
            .commit(TENANT)
            .append(turn, List.of(message(text)))
            .answer(attempt, new StoredAnswer(200, "text/plain", request))
            .run());
  }

  private void copy(String from, String to) throws IOException {
    Files.createDirectories(folder.resolve(to));
    try (Stream<Path> files = Files.list(folder.resolve(from))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(to).resolve(file.getFileName()));
      }
    }
  }

  @Test
  void a_retry_without_a_key_waits_for_its_first_try_at_another_node() {
    byte[] request = {1};
    HazelcastInstance fleet = fleet();
    try (StoreHarness one = node("one", fleet);
        StoreHarness two = node("two", fleet)) {
      var first = (Attempt.Fresh) get(one.store().idempotency().begin(TENANT, request, false));
      // Somebody else who happens to say the same waits for nobody.
      var other = (Attempt.Fresh) get(two.store().idempotency().begin(TENANT, request, false));
      other.abandon();
      var again = two.store().idempotency().begin(TENANT, request, true);
      get(
          one.store()
              .commit(TENANT)
              .answer(first, new StoredAnswer(200, "text/plain", request))
              .run());
      assertThat(get(again)).isInstanceOf(Attempt.Replay.class);
    }
  }
}
