package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * kill -9 of the JVM while many clients converse. {@code -Dbitfleet.turns=10000 -Dbitfleet.kills=5}
 * makes it the long run that docs/benchmarks has.
 */
class KilledStoreIT {
  private static final int TURNS = Integer.getInteger("bitfleet.turns", 500);
  private static final int KILLS = Integer.getInteger("bitfleet.kills", 2);
  private static final int WRITERS = 20;

  @TempDir static Path folder;

  @Test
  void every_acknowledged_turn_is_there_once_and_in_order_after_each_kill() throws Exception {
    AtomicInteger acknowledged = new AtomicInteger();
    Server server = new Server();
    List<TurnWriter> writers = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(WRITERS);
    try {
      long began = System.nanoTime();
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        TurnWriter writer =
            new TurnWriter(i, TURNS / WRITERS, () -> server.bitfleet.api(), acknowledged);
        writers.add(writer);
        running.add(threads.submit(writer));
      }
      for (int kill = 1; kill <= KILLS; kill++) {
        int at = kill * TURNS / (KILLS + 1);
        Await.until(
            at + " turns are acknowledged",
            Duration.ofMinutes(20),
            () -> acknowledged.get() >= at || running.stream().anyMatch(Future::isDone));
        server.killAndStart();
      }
      for (Future<?> writer : running) {
        writer.get(20, TimeUnit.MINUTES);
      }
      double seconds = (System.nanoTime() - began) / 1e9;
      // Once more, so that what is looked at is what the journal has.
      server.killAndStart();
      check(server.bitfleet, writers);
      System.out.printf(
          "%d turns by %d clients, %d kills: %.1f s; %d requests came again, %d of them were"
              + " replayed%n%s%n",
          acknowledged.get(),
          WRITERS,
          KILLS + 1,
          seconds,
          writers.stream().mapToInt(TurnWriter::repeated).sum(),
          writers.stream().mapToInt(TurnWriter::replayed).sum(),
          server.bitfleet.log().lines().filter(line -> line.contains("store open")).toList());
    } finally {
      threads.shutdownNow();
      server.bitfleet.close();
    }
  }

  /** The one that runs at the moment. */
  private static final class Server {
    volatile BitfleetProcess bitfleet = start();

    private static BitfleetProcess start() {
      try {
        return BitfleetProcess.start(folder, "--slots", "8");
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    void killAndStart() {
      bitfleet.kill();
      bitfleet.close();
      bitfleet = start();
    }
  }

  private static void check(BitfleetProcess bitfleet, List<TurnWriter> writers) throws Exception {
    Chat chat = new Chat(bitfleet);
    int turns = 0;
    for (TurnWriter writer : writers) {
      for (Map.Entry<String, List<String>> told : writer.told().entrySet()) {
        HttpResponse<String> found = chat.get("/v1/conversations/" + told.getKey());
        assertThat(found.statusCode()).as(found.body()).isEqualTo(200);
        List<String> kept = new ArrayList<>();
        for (JsonNode message : JsonMapper.shared().readTree(found.body()).path("messages")) {
          kept.add(message.path("role").asString() + ": " + message.path("content").asString());
        }
        assertThat(kept).isEqualTo(told.getValue());
        turns += kept.size() / 2;
      }
    }
    assertThat(turns).isEqualTo(TURNS / WRITERS * WRITERS);
  }
}
