package dev.bitfleet.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Postgres;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The journal in a real PostgreSQL, each test in a database of its own. */
class JournalTableTest extends JournalStorageContract {
  private static final AtomicInteger DATABASES = new AtomicInteger();

  @TempDir static Path folder;
  private static Postgres postgres;

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
    name = "test" + DATABASES.incrementAndGet();
    postgres.sql("CREATE DATABASE " + name);
  }

  private JournalDatabase database() {
    return database(postgres.url(name), "bitfleet");
  }

  private static JournalDatabase database(String url, String cluster) {
    return new JournalDatabase(
        url, Optional.of(Postgres.USER), Optional.of(folder.resolve("password")), cluster);
  }

  @Override
  JournalStorage open() throws JournalException {
    return JournalTable.open(database(), false);
  }

  private static JournalException refused(JournalDatabase database) {
    JournalException e =
        catchThrowableOfType(
            JournalException.class, () -> JournalTable.open(database, false).close());
    assertThat(e).isNotNull();
    assertThat(e.toString()).doesNotContain(Postgres.PASSWORD);
    return e;
  }

  @Test
  void nodes_that_write_the_same_rows_at_once_lose_nothing() throws Exception {
    int nodes = 4;
    int writes = 60;
    int conversations = 5;
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(nodes)) {
      for (int n = 0; n < nodes; n++) {
        int node = n;
        running.add(
            threads.submit(
                () -> {
                  Random random = new Random(node);
                  try (JournalStorage storage = open()) {
                    for (int i = 0; i < writes; i++) {
                      List<Change> changes = new ArrayList<>();
                      for (int c = 0; c < conversations; c++) {
                        changes.add(turn("conv" + c, i, "n" + node, i));
                        changes.add(
                            document(
                                Shelf.CONVERSATIONS,
                                "conv" + c,
                                i * nodes + node,
                                1_000_000,
                                "n" + node + "w" + i));
                      }
                      Collections.shuffle(changes, random);
                      storage.write(changes);
                    }
                  }
                  return null;
                }));
      }
    }
    for (Future<?> each : running) {
      each.get();
    }
    try (JournalStorage storage = open()) {
      List<String> rows = rows(storage, 0);
      assertThat(rows).hasSize(conversations * (writes + 1));
      assertThat(rows)
          .filteredOn(row -> row.startsWith("PLACES"))
          .allSatisfy(row -> assertThat(row).endsWith(" [n0, n1, n2, n3]"));
      assertThat(rows)
          .filteredOn(row -> row.startsWith("CONVERSATIONS"))
          .allSatisfy(row -> assertThat(row).contains("/0 239 "));
    }
  }

  @Test
  void what_was_deleted_stays_so_whoever_comes_late() throws Exception {
    try (JournalStorage one = open();
        JournalStorage two = open()) {
      for (Shelf shelf :
          List.of(Shelf.CONVERSATIONS, Shelf.RESPONSES, Shelf.COMPLETIONS, Shelf.EVENT_LOGS)) {
        one.write(List.of(document(shelf, "id", 1, 100, "there")));
        one.write(List.of(tombstone(shelf, "id", 2)));
        two.write(List.of(document(shelf, "id", 9, 900, "late")));
      }
      assertThat(rows(one, 0)).hasSize(4).allSatisfy(row -> assertThat(row).endsWith("(deleted)"));
      // An older version does not undo a later one, either.
      two.write(List.of(document(Shelf.ANSWERS, "a", 9, 900, "later")));
      one.write(List.of(document(Shelf.ANSWERS, "a", 8, 800, "earlier")));
      assertThat(rows(two, 0)).contains("ANSWERS a/0 9 later");
    }
  }

  @Test
  void a_sweep_and_a_turn_at_the_same_moment_leave_a_conversation_or_its_new_turn()
      throws Exception {
    try (JournalStorage sweeping = open();
        JournalStorage speaking = open();
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (int i = 0; i < 60; i++) {
        String id = "conv" + i;
        speaking.write(
            List.of(document(Shelf.CONVERSATIONS, id, 1, 100, ""), turn(id, 0, "old", 1)));
        Future<?> swept =
            threads.submit(
                () -> {
                  sweeping.write(List.of(new Change.Expire(Shelf.CONVERSATIONS, id, 100)));
                  return null;
                });
        Future<?> spoken =
            threads.submit(
                () -> {
                  speaking.write(
                      List.of(
                          turn(id, 1, "new", 101),
                          document(Shelf.CONVERSATIONS, id, 101, 500, "renewed")));
                  return null;
                });
        swept.get();
        spoken.get();
        List<String> rows =
            rows(sweeping, 0).stream().filter(row -> row.contains(" " + id + "/")).toList();
        assertThat(rows)
            .contains("CONVERSATIONS " + id + "/0 101 renewed", "PLACES " + id + "/1 101 [new]");
      }
    }
  }

  @Test
  void every_acknowledged_write_outlives_a_crash_of_the_server_and_the_journal_goes_on()
      throws Exception {
    Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    AtomicInteger refused = new AtomicInteger();
    AtomicBoolean over = new AtomicBoolean();
    Journal journal =
        Journal.open(
            open(),
            Replay.ORDER,
            (shelf, owner, place, touched, value) -> {},
            new StoreMetrics(new SimpleMeterRegistry()));
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<Future<?>> writers = new ArrayList<>();
    try {
      for (int t = 0; t < 8; t++) {
        int writer = t;
        writers.add(
            threads.submit(
                () -> {
                  for (int i = 0; !over.get(); i++) {
                    String owner = "w" + writer + "-" + i;
                    try {
                      journal.write(List.of(turn(owner, 0, "a", i), turn(owner, 1, "b", i))).join();
                      acknowledged.add(owner);
                    } catch (CompletionException e) {
                      assertThat(e.getCause())
                          .isInstanceOfSatisfying(
                              JournalException.class,
                              cause -> assertThat(cause.passing()).isTrue());
                      refused.incrementAndGet();
                    }
                  }
                }));
      }
      for (int crash = 0; crash < 3; crash++) {
        more(acknowledged, 200, writers);
        postgres.crash();
        if (crash == 1) {
          // Longer than anybody is to wait.
          Thread.sleep(JournalTable.PATIENCE.plusSeconds(2).toMillis());
          assertThat(refused.get()).isPositive();
        }
        postgres.startAgain();
      }
      more(acknowledged, 200, writers);
    } finally {
      over.set(true);
      threads.shutdown();
      assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
      journal.close();
    }
    for (Future<?> each : writers) {
      each.get();
    }
    Set<String> there = ConcurrentHashMap.newKeySet();
    try (JournalStorage storage = open()) {
      storage.read(
          Replay.ORDER, 0, (shelf, owner, place, touched, value) -> there.add(owner + "/" + place));
    }
    assertThat(there)
        .containsAll(
            acknowledged.stream()
                .flatMap(each -> List.of(each + "/0", each + "/1").stream())
                .toList());
  }

  private static void more(Set<String> acknowledged, int count, List<Future<?>> writers) {
    int wanted = acknowledged.size() + count;
    Await.until(
        count + " more writes are acknowledged",
        Duration.ofSeconds(60),
        () -> acknowledged.size() >= wanted || writers.stream().anyMatch(Future::isDone));
    assertThat(acknowledged.size()).isGreaterThanOrEqualTo(wanted);
  }

  @Test
  void a_server_that_stands_still_is_waited_for_so_long_and_not_longer() throws Exception {
    try (JournalStorage storage = open()) {
      storage.write(List.of(turn("conv", 0, "before", 1)));
      long began = System.nanoTime();
      postgres.freeze();
      try {
        JournalException e = failed(() -> storage.write(List.of(turn("conv", 1, "frozen", 2))));
        assertThat(e.passing()).isTrue();
        JournalException again = failed(() -> rows(storage, 0));
        assertThat(again.passing()).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(25));
      } finally {
        postgres.thaw();
      }
      storage.write(List.of(turn("conv", 2, "after", 3)));
      assertThat(rows(storage, 0)).contains("PLACES conv/0 1 [before]", "PLACES conv/2 3 [after]");
    }
  }

  private interface Step {
    void run() throws JournalException;
  }

  private static JournalException failed(Step step) {
    JournalException e = catchThrowableOfType(JournalException.class, step::run);
    assertThat(e).isNotNull();
    return e;
  }

  @Test
  void a_commit_that_its_standby_has_not_is_not_acknowledged() throws Exception {
    try (JournalStorage storage = open()) {
      storage.write(List.of(turn("conv", 0, "before", 1)));
      postgres.holdCommits();
      try {
        // Somebody loses patience and has the server wait no more: still nothing is acknowledged.
        CompletableFuture<Void> impatient =
            CompletableFuture.runAsync(
                () ->
                    Await.until(
                        "the commit waits",
                        () ->
                            !postgres
                                .sql(
                                    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE"
                                        + " wait_event = 'SyncRep'")
                                .isEmpty()));
        JournalException e = failed(() -> storage.write(List.of(turn("conv", 1, "waits", 2))));
        impatient.join();
        assertThat(e.uncertain()).isTrue();
        assertThat(e.passing()).isTrue();
      } finally {
        postgres.releaseCommits();
      }
      storage.write(List.of(turn("conv", 2, "after", 3)));
      assertThat(rows(storage, 0)).contains("PLACES conv/0 1 [before]", "PLACES conv/2 3 [after]");
    }
  }

  @Test
  void a_connection_that_ended_while_nobody_used_it_is_made_again_unnoticed() throws Exception {
    try (JournalStorage storage = open()) {
      for (int i = 0; i < 3; i++) {
        assertThat(
                postgres.sql(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname ="
                        + " '"
                        + name
                        + "'"))
            .isEqualTo("1");
        storage.write(List.of(turn("conv", i, "turn", i)));
      }
      assertThat(rows(storage, 0)).hasSize(3);
    }
  }

  @Test
  void a_commit_waits_for_the_disk_whatever_the_server_does_by_default() throws Exception {
    postgres.sql("ALTER DATABASE " + name + " SET synchronous_commit = off");
    postgres.sql("ALTER DATABASE " + name + " SET default_transaction_isolation = serializable");
    try (DatabaseLink link = new DatabaseLink(database(), false);
        var statement = link.connection().createStatement();
        var shown =
            statement.executeQuery(
                "SELECT current_setting('synchronous_commit'),"
                    + " current_setting('transaction_isolation')")) {
      shown.next();
      assertThat(shown.getString(1)).isEqualTo("on");
      assertThat(shown.getString(2)).isEqualTo("read committed");
    }
  }

  @Test
  void a_journal_of_another_cluster_or_of_a_newer_bitfleet_is_left_alone() throws Exception {
    open().close();
    assertThat(refused(database(postgres.url(name), "others")))
        .hasMessageContaining("the journal of the cluster 'bitfleet'")
        .hasMessageContaining("this node is of 'others'");
    // In a schema of its own it has room beside the first.
    postgres.sql(name, "CREATE SCHEMA others");
    JournalTable.open(database(postgres.url(name) + "?currentSchema=others", "others"), false)
        .close();
    postgres.sql(name, "UPDATE bitfleet_journal SET version = 2");
    assertThat(refused(database())).hasMessageContaining("newer Bitfleet");
    assertThat(catchThrowable(() -> database().look())).hasMessageContaining("newer Bitfleet");
  }

  @Test
  void who_is_not_let_in_is_told_why() throws Exception {
    Path wrong = Files.writeString(folder.resolve("wrong"), "not it");
    assertThat(
            refused(
                new JournalDatabase(
                    postgres.url(name), Optional.of(Postgres.USER), Optional.of(wrong), "b")))
        .hasMessageContaining("does not let this node in");
    assertThat(
            refused(
                new JournalDatabase(
                    postgres.url(name), Optional.of(Postgres.USER), Optional.empty(), "b")))
        .hasMessageContaining("does not let this node in");
    assertThat(refused(database(postgres.url("nowhere"), "b")))
        .hasMessageContaining("is not there");
    assertThat(refused(database("jdbc:postgresql://127.0.0.1:1/nobody", "b")))
        .hasMessageContaining("cannot be reached");
    assertThat(
            refused(
                new JournalDatabase(
                    postgres.url(name),
                    Optional.of(Postgres.USER),
                    Optional.of(folder.resolve("missing")),
                    "b")))
        .hasMessageContaining("journal-password-file")
        .hasMessageContaining("missing");
    postgres.sql("CREATE ROLE reader LOGIN PASSWORD '" + Postgres.PASSWORD + "'");
    assertThat(
            refused(
                new JournalDatabase(
                    postgres.url(name),
                    Optional.of("reader"),
                    Optional.of(folder.resolve("password")),
                    "b")))
        .hasMessageContaining("does not let this node do what it has to");
  }

  @Test
  void a_node_that_serves_alone_has_the_journal_to_itself() throws Exception {
    try (JournalStorage alone = JournalTable.open(database(), true)) {
      assertThat(refused(database())).hasMessageContaining("serves alone");
      alone.write(List.of(turn("conv", 0, "alone", 1)));
    }
    try (JournalStorage one = open();
        JournalStorage two = open()) {
      two.write(List.of(turn("conv", 1, "in company", 1)));
      assertThat(catchThrowable(() -> JournalTable.open(database(), true).close()))
          .hasMessageContaining("cluster-port");
      assertThat(rows(one, 0)).hasSize(2);
    }
  }

  @Test
  void a_damaged_row_is_named_and_not_read() throws Exception {
    try (JournalStorage storage = open()) {
      storage.write(List.of(turn("conv", 0, "sound", 1)));
      postgres.sql(name, "UPDATE bitfleet_entry SET value = value || 'x'::bytea");
      assertThat(failed(() -> rows(storage, 0)))
          .hasMessageContaining("is damaged: a row of PLACES");
      assertThat(failed(() -> storage.write(List.of(turn("conv", 0, "more", 2)))))
          .hasMessageContaining("is damaged");
      storage.write(List.of(turn("conv", 1, "elsewhere", 2)));
    }
  }

  @Test
  void a_look_at_it_says_what_answers_and_makes_nothing() throws Exception {
    assertThat(database().look()).startsWith("PostgreSQL ").contains("no journal in it yet");
    assertThat(
            postgres.sql(name, "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'bitfleet%'"))
        .isEqualTo("0");
    open().close();
    assertThat(database().look()).contains("the journal of this cluster");
  }

  @Test
  void nodes_that_start_together_make_one_journal() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> opening = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        opening.add(
            threads.submit(
                () -> {
                  open().close();
                  return null;
                }));
      }
      for (Future<?> each : opening) {
        each.get();
      }
    }
    assertThat(postgres.sql(name, "SELECT version, cluster FROM bitfleet_journal"))
        .isEqualTo("1|bitfleet");
  }
}
