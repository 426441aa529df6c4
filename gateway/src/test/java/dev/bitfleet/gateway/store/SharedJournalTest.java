package dev.bitfleet.gateway.store;

import static dev.bitfleet.gateway.store.StoreHarness.TENANT;
import static dev.bitfleet.gateway.store.StoreHarness.get;
import static dev.bitfleet.gateway.store.StoreHarness.message;
import static dev.bitfleet.gateway.store.StoreHarness.refusal;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.core.HazelcastInstance;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Postgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes of one fleet whose journal is in a real PostgreSQL: each store here stands for a node. */
class SharedJournalTest {
  private static final AtomicInteger DATABASES = new AtomicInteger();

  @TempDir static Path folder;
  private static Postgres postgres;

  private final List<HazelcastInstance> fleets = new ArrayList<>();
  private String name = "";

  @BeforeAll
  static void a_server() throws Exception {
    postgres = Postgres.start();
    Files.writeString(folder.resolve("password"), Postgres.PASSWORD + "\n");
  }

  @AfterAll
  static void end() {
    if (postgres != null) {
      postgres.close();
    }
  }

  @BeforeEach
  void a_database() {
    name = "fleet" + DATABASES.incrementAndGet();
    postgres.sql("CREATE DATABASE " + name);
  }

  @AfterEach
  void no_maps() {
    fleets.forEach(fleet -> fleet.getLifecycleService().terminate());
  }

  /** Maps that are empty, as when all nodes start. */
  private HazelcastInstance fleet() {
    HazelcastInstance member = StoreHarness.loneMember();
    fleets.add(member);
    return member;
  }

  /** Of a node that was never there before: its folder is empty. */
  private StoreOptions options() {
    return StoreOptions.in(folder.resolve("node-" + UUID.randomUUID()))
        .journaledIn(
            new JournalDatabase(
                postgres.url(name),
                Optional.of(Postgres.USER),
                Optional.of(folder.resolve("password")),
                "bitfleet"));
  }

  /** One that would wait for a minute for nodes it knows, if it had to. */
  private StoreHarness node(HazelcastInstance fleet) {
    return new StoreHarness(options(), fleet, Duration.ofMinutes(1));
  }

  private static String say(StoreHarness store, String id, String key, String text) {
    byte[] request = text.getBytes(UTF_8);
    Attempt attempt = get(store.store().idempotency().begin(TENANT, key, request));
    if (attempt instanceof Attempt.Replay) {
      return "replayed";
    }
    Turn turn = get(store.store().conversations().begin(TENANT, id));
    return refusal(
        () ->
            store
                .store()
                .commit(TENANT)
                .append(turn, List.of(message(text)))
                .answer((Attempt.Fresh) attempt, new StoredAnswer(200, "text/plain", request))
                .run());
  }

  @Test
  void nodes_that_lost_their_folders_have_everything_at_once() {
    String id;
    String deleted;
    List<String> said = new ArrayList<>();
    HazelcastInstance fleet = fleet();
    try (StoreHarness one = node(fleet);
        StoreHarness two = node(fleet)) {
      id = one.conversation(TENANT);
      deleted = two.conversation(TENANT);
      two.append(deleted, "secret");
      for (int i = 0; i < 10; i++) {
        assertThat(say(i % 2 == 0 ? one : two, id, "key" + i, "turn " + i)).isEmpty();
        said.add("turn " + i);
      }
      get(one.store().conversations().delete(TENANT, deleted));
    }
    HazelcastInstance restarted = fleet();
    try (StoreHarness three = node(restarted)) {
      assertThat(three.texts(id)).isEqualTo(said);
      assertThat(get(three.store().conversations().find(TENANT, id)).items()).isEqualTo(10);
      assertThat(say(three, id, "key3", "turn 3")).isEqualTo("replayed");
      assertThat(refusal(() -> three.store().conversations().items(TENANT, deleted)))
          .isEqualTo("404 conversation_not_found");
      assertThat(restarted.getMap(Shelf.PLACES.map()).size()).isEqualTo(10);
      three.append(id, "and on");
      try (StoreHarness four = node(restarted)) {
        four.append(id, "and on again");
        assertThat(three.texts(id)).hasSize(12).endsWith("and on", "and on again");
      }
    }
  }

  @Test
  void what_is_kept_is_there_to_read_while_the_database_is_away_and_to_write_when_it_is_back()
      throws Exception {
    HazelcastInstance fleet = fleet();
    String id;
    try (StoreHarness one = node(fleet);
        StoreHarness two = node(fleet)) {
      id = one.conversation(TENANT);
      one.append(id, "before");
      assertThat(two.texts(id)).containsExactly("before");
      postgres.stop();
      try {
        assertThat(say(one, id, "a", "away")).isEqualTo("503 storage_unavailable");
        assertThat(two.texts(id)).containsExactly("before");
        // The first has been patient; who comes now is told at once.
        long began = System.nanoTime();
        assertThat(say(one, id, "b", "away")).isEqualTo("503 storage_unavailable");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(4));
        assertThat(one.gauge("bitfleet.store.failing")).isOne();
        assertThat(two.gauge("bitfleet.store.failing")).as("it has kept what it was to").isZero();
      } finally {
        postgres.startAgain();
      }
      assertThat(say(one, id, "a", "back")).isEmpty();
      assertThat(one.gauge("bitfleet.store.failing")).isZero();
      assertThat(say(two, id, "c", "back too")).isEmpty();
    }
    try (StoreHarness three = node(fleet())) {
      assertThat(three.texts(id)).containsExactly("before", "back", "back too");
    }
  }

  @Test
  void a_database_that_is_away_at_the_start_is_looked_for_again() throws Exception {
    postgres.stop();
    HazelcastInstance fleet = fleet();
    try (StoreHarness one = node(fleet)) {
      try {
        assertThat(refusal(() -> one.store().conversations().items(TENANT, "conv_1")))
            .isEqualTo("503 storage_unavailable");
        assertThat(one.gauge("bitfleet.store.failing")).isOne();
      } finally {
        postgres.startAgain();
      }
      Await.until(
          "the store opens",
          Duration.ofSeconds(30),
          () ->
              refusal(() -> one.store().conversations().items(TENANT, "conv_1"))
                  .equals("404 conversation_not_found"));
      assertThat(one.gauge("bitfleet.store.failing")).isZero();
      one.append(one.conversation(TENANT), "kept");
      // Counted by the first of two tries to open, were there a count for each.
      Await.until(
          "what is held is counted",
          Duration.ofSeconds(30),
          () -> one.gauge("bitfleet.store.bytes") > 0);
    }
  }

  @Test
  void what_nobody_knew_to_be_kept_shows_when_the_database_is_back() throws Exception {
    HazelcastInstance fleet = fleet();
    String id;
    try (StoreHarness one = node(fleet);
        StoreHarness two = node(fleet)) {
      id = one.conversation(TENANT);
      one.append(id, "before");
      // Who opened its store later would look into the journal anyway.
      assertThat(two.texts(id)).containsExactly("before");
      // From now on a commit is on the disk, and does not return.
      postgres.holdCommits();
      try {
        assertThat(say(one, id, "key", "perhaps")).isEqualTo("503 storage_uncertain");
      } finally {
        postgres.releaseCommits();
      }
      Await.until(
          "the maps have what the journal has",
          Duration.ofSeconds(30),
          () -> two.texts(id).equals(List.of("before", "perhaps")));
      // Its answer may come a moment later; carried out again, it is still there once.
      assertThat(say(two, id, "key", "perhaps")).isIn("replayed", "");
      two.append(id, "after");
    }
    try (StoreHarness three = node(fleet())) {
      assertThat(three.texts(id)).containsExactly("before", "perhaps", "after");
    }
  }

  @Test
  void nodes_bring_along_what_is_in_their_files() throws Exception {
    StoreOptions one = options();
    StoreOptions two = options();
    String id;
    String deleted;
    HazelcastInstance before = fleet();
    try (StoreHarness first = new StoreHarness(inFile(one), before, Duration.ofMillis(1));
        StoreHarness second = new StoreHarness(inFile(two), before, Duration.ofMillis(1))) {
      id = first.conversation(TENANT);
      deleted = first.conversation(TENANT);
      for (int i = 0; i < 6; i++) {
        assertThat(say(i % 2 == 0 ? first : second, id, "key" + i, "turn " + i)).isEmpty();
      }
      first.append(deleted, "secret");
      get(second.store().conversations().delete(TENANT, deleted));
    }
    HazelcastInstance after = fleet();
    try (StoreHarness first = new StoreHarness(one, after, Duration.ofMinutes(1))) {
      assertThat(first.texts(id)).containsExactly("turn 0", "turn 2", "turn 4");
      try (StoreHarness second = new StoreHarness(two, after, Duration.ofMinutes(1))) {
        assertThat(second.texts(id))
            .containsExactly("turn 0", "turn 1", "turn 2", "turn 3", "turn 4", "turn 5")
            .isEqualTo(first.texts(id));
        assertThat(say(first, id, "key5", "turn 5")).isEqualTo("replayed");
        assertThat(refusal(() -> first.store().conversations().items(TENANT, deleted)))
            .isEqualTo("404 conversation_not_found");
      }
    }
    for (StoreOptions each : List.of(one, two)) {
      try (var files = Files.list(each.folder())) {
        assertThat(files.map(file -> file.getFileName().toString()))
            .anyMatch(file -> file.startsWith("store.db.moved-"))
            .doesNotContain("store.db");
      }
    }
    // The folders are not needed any more.
    try (StoreHarness third = node(fleet())) {
      assertThat(third.texts(id)).hasSize(6);
    }
  }

  private static StoreOptions inFile(StoreOptions options) {
    return StoreOptions.in(options.folder());
  }

  @Test
  void what_has_expired_leaves_the_table() throws Exception {
    StoreOptions forgetful =
        options().keeping(Duration.ofSeconds(6), Duration.ofSeconds(6), Duration.ofMillis(200));
    try (StoreHarness alone = new StoreHarness(forgetful)) {
      get(alone.store().open());
      String id = alone.conversation(TENANT);
      assertThat(say(alone, id, "key", "for a moment")).isEmpty();
      assertThat(postgres.sql(name, "SELECT count(*) FROM bitfleet_entry")).isEqualTo("3");
      Await.until(
          "nothing is left",
          Duration.ofSeconds(40),
          () -> postgres.sql(name, "SELECT count(*) FROM bitfleet_entry").equals("0"));
      assertThat(refusal(() -> alone.store().conversations().items(TENANT, id)))
          .isEqualTo("404 conversation_not_found");
    }
  }
}
