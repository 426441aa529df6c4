package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Postgres;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two nodes whose journal is in a real PostgreSQL, and clients that converse while the database
 * comes and goes, and while nodes lose everything they have. In the end what the nodes show is held
 * against what the clients were told.
 */
class JournalDatabaseIT {
  private static final long SEED = Long.getLong("bitfleet.seed", System.nanoTime() % 1_000_000);
  private static final int NODES = 2;
  private static final int SPEAKERS = 4;
  private static final int CONVERSATIONS = 6;

  @TempDir static Path folder;
  private static Postgres postgres;
  private static Nodes nodes;
  private static final Pair FLEET = new Pair();

  /** Both nodes, as they run at the moment. */
  private static final class Pair implements Fleet {
    private final AtomicReferenceArray<BitfleetProcess> running = new AtomicReferenceArray<>(NODES);
    private volatile boolean loading;

    void startAll() throws Exception {
      List<Thread> starting =
          IntStream.range(0, NODES)
              .mapToObj(number -> Thread.ofVirtual().start(() -> start(number)))
              .toList();
      for (Thread each : starting) {
        each.join();
      }
      nodes.awaitWorkers(IntStream.range(0, NODES).mapToObj(this::node).toList(), NODES);
      loading = false;
    }

    private void start(int number) {
      try {
        running.set(
            number,
            nodes.start(
                number,
                "serve",
                "--threads",
                "1",
                "--journal-url",
                postgres.url(),
                "--journal-user",
                Postgres.USER,
                "--journal-password-file",
                folder.resolve("password").toString()));
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    /** kill -9 at the same moment, and nothing is left of what they had. */
    void loseAll() throws IOException {
      loading = true;
      for (int number = 0; number < NODES; number++) {
        node(number).kill();
      }
      for (int number = 0; number < NODES; number++) {
        node(number).close();
        delete(nodes.folder(number).resolve("data"));
      }
    }

    private static void delete(Path tree) throws IOException {
      try (Stream<Path> files = Files.walk(tree)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }

    @Override
    public BitfleetProcess node(int number) {
      return running.get(number);
    }

    @Override
    public String side(int number) {
      return "";
    }

    @Override
    public boolean loading() {
      return loading;
    }
  }

  @BeforeAll
  static void two_nodes_and_a_database() throws Exception {
    postgres = Postgres.start();
    Files.writeString(folder.resolve("password"), Postgres.PASSWORD + "\n");
    nodes = new Nodes(folder, NODES);
    System.out.println("seed " + SEED);
    FLEET.startAll();
  }

  @AfterAll
  static void end() {
    if (nodes != null) {
      nodes.close();
    }
    if (postgres != null) {
      postgres.close();
    }
  }

  private static Conversing everywhere(long seed) throws Exception {
    List<Integer> all = IntStream.range(0, NODES).boxed().toList();
    return new Conversing(
        FLEET,
        NODES,
        seed,
        CONVERSATIONS,
        IntStream.range(0, SPEAKERS).mapToObj(each -> all).toList());
  }

  @Test
  void what_was_acknowledged_outlives_nodes_that_lose_their_folders() throws Exception {
    var clients = everywhere(SEED);
    try {
      for (int fault = 0; fault < 2; fault++) {
        clients.more(50);
        FLEET.loseAll();
        FLEET.startAll();
      }
      clients.more(20);
    } finally {
      clients.stop();
    }
    clients.report("journal in PostgreSQL", "twice both nodes killed, their folders deleted");
    assertThat(clients.problems()).as("seed %d", SEED).isEmpty();
  }

  @Test
  void a_database_that_comes_and_goes_loses_nothing_and_holds_up_only_what_is_to_be_kept()
      throws Exception {
    var clients = everywhere(SEED + 1);
    try {
      clients.more(40);
      postgres.crash();
      completesAtOnce();
      Thread.sleep(7000);
      completesAtOnce();
      assertThat(new Chat(FLEET.node(0)).post("/v1/conversations", "{}").statusCode())
          .isEqualTo(503);
      postgres.startAgain();
      clients.more(40);
      postgres.freeze();
      try {
        completesAtOnce();
        Thread.sleep(7000);
        completesAtOnce();
      } finally {
        postgres.thaw();
      }
      clients.more(40);
      postgres.stop();
      postgres.startAgain();
      clients.more(20);
    } finally {
      clients.stop();
    }
    clients.report("journal in PostgreSQL", "the database crashed, stood still, was restarted");
    assertThat(clients.problems()).as("seed %d", SEED).isEmpty();
  }

  /** What stores nothing does not notice: who waited for the database would wait for us. */
  private static void completesAtOnce() throws Exception {
    for (int number = 0; number < NODES; number++) {
      long began = System.nanoTime();
      HttpResponse<String> answer =
          new Chat(FLEET.node(number))
              .post("/v1/chat/completions", Chat.question("Hello").put("max_tokens", 2).toString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
    }
  }
}
