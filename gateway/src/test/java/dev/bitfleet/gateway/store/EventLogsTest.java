package dev.bitfleet.gateway.store;

import static dev.bitfleet.gateway.store.StoreHarness.TENANT;
import static dev.bitfleet.gateway.store.StoreHarness.get;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventLogsTest {
  @TempDir Path folder;

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static List<String> texts(List<byte[]> events) {
    return events.stream().map(event -> new String(event, UTF_8)).toList();
  }

  @Test
  void a_log_that_is_deleted_before_its_reader_has_it_all_is_lost_not_ended() {
    try (StoreHarness store = new StoreHarness(StoreOptions.in(folder))) {
      get(store.store().open());
      EventLog log = store.store().events().open(TENANT, "resp_1");
      IntStream.range(0, 4000).forEach(i -> log.append(bytes(i + ":" + "x".repeat(1000))));
      get(
          store
              .store()
              .commit(TENANT)
              .put(store.store().responses(), "resp_1", bytes("{}"))
              .seal("resp_1")
              .run());
      CompletableFuture<Subscription> subscription = new CompletableFuture<>();
      CompletableFuture<String> end = new CompletableFuture<>();
      CountDownLatch begun = new CountDownLatch(1);
      Follower slow =
          new Follower() {
            @Override
            public void events(int first, List<byte[]> events) {
              subscription.join().pause();
              begun.countDown();
            }

            @Override
            public void ended() {
              end.complete("ended");
            }

            @Override
            public void lost() {
              end.complete("lost");
            }

            @Override
            public void changed() {
              end.complete("changed");
            }
          };
      store
          .vertx()
          .runOnContext(
              now ->
                  store
                      .store()
                      .events()
                      .follow(TENANT, "resp_1", 0, slow)
                      .onSuccess(subscription::complete));
      Await.until("the first piece", () -> begun.getCount() == 0);
      get(store.store().commit(TENANT).delete(store.store().responses(), "resp_1").run());
      Await.until(
          "the end",
          () -> {
            subscription.join().resume();
            return end.isDone();
          });
      assertThat(end.join()).isEqualTo("lost");
    }
  }

  @Test
  void a_reader_who_pauses_is_given_no_more_than_a_piece() {
    try (StoreHarness store = new StoreHarness(StoreOptions.in(folder))) {
      get(store.store().open());
      List<String> all =
          IntStream.range(0, 2000).mapToObj(i -> i + ":" + "x".repeat(1000)).toList();
      EventLog log = store.store().events().open(TENANT, "resp_1");
      all.forEach(event -> log.append(bytes(event)));
      get(store.store().commit(TENANT).seal("resp_1").run());
      List<String> got = new ArrayList<>();
      CompletableFuture<Subscription> subscription = new CompletableFuture<>();
      CountDownLatch ended = new CountDownLatch(1);
      Follower slow =
          new Follower() {
            @Override
            public void events(int first, List<byte[]> events) {
              synchronized (got) {
                assertThat(first).isEqualTo(got.size());
                got.addAll(texts(events));
                subscription.join().pause();
              }
            }

            @Override
            public void ended() {
              ended.countDown();
            }

            @Override
            public void lost() {
              throw new AssertionError("it is all there");
            }

            @Override
            public void changed() {
              throw new AssertionError("it is all there");
            }
          };
      store
          .vertx()
          .runOnContext(
              now ->
                  store
                      .store()
                      .events()
                      .follow(TENANT, "resp_1", 0, slow)
                      .onSuccess(subscription::complete));
      int before = 0;
      int most = 0;
      while (ended.getCount() > 0) {
        int had = before;
        Await.until(
            "another piece",
            () -> {
              synchronized (got) {
                return got.size() > had || ended.getCount() == 0;
              }
            });
        synchronized (got) {
          most = Math.max(most, got.size() - had);
          before = got.size();
        }
        subscription.join().resume();
      }
      assertThat(got).isEqualTo(all);
      assertThat(most).isLessThan(40);
    }
  }

  @Test
  void pieces_are_numbered_in_the_order_of_their_events_however_slow_the_maps_are()
      throws Exception {
    Vertx vertx = Vertx.vertx();
    try {
      OffLoop closed =
          new OffLoop(vertx, StoreOptions.in(folder), Optional.empty(), new SimpleMeterRegistry());
      EventLog log = new EventLogs(closed, StoreOptions.in(folder)).open(TENANT, "resp_1");
      List<String> pieces = new ArrayList<>();
      CountDownLatch held = new CountDownLatch(1);
      CountDownLatch entered = new CountDownLatch(1);
      log.append(bytes("a"));
      Thread slow =
          Thread.ofVirtual()
              .start(
                  () ->
                      log.flush(
                          (piece, first, before, frames) -> {
                            entered.countDown();
                            Await.until("it may go on", () -> held.getCount() == 0);
                            pieces.add(piece + texts(frames).toString());
                          }));
      entered.await();
      log.append(bytes("b"));
      Thread fast =
          Thread.ofVirtual()
              .start(
                  () ->
                      log.flush(
                          (piece, first, before, frames) ->
                              pieces.add(piece + texts(frames).toString())));
      held.countDown();
      slow.join();
      fast.join();
      assertThat(pieces).containsExactly("0[a]", "1[b]");
      log.append(bytes("c"));
      log.end(piece -> pieces.remove(pieces.size() - 1));
      log.flush((piece, first, before, frames) -> pieces.add("too late"));
      assertThat(pieces).isEmpty();
    } finally {
      get(vertx.close());
    }
  }

  @Test
  void what_could_not_be_brought_out_is_brought_out_with_the_next() throws Exception {
    Vertx vertx = Vertx.vertx();
    try {
      OffLoop closed =
          new OffLoop(vertx, StoreOptions.in(folder), Optional.empty(), new SimpleMeterRegistry());
      EventLog log = new EventLogs(closed, StoreOptions.in(folder)).open(TENANT, "resp_1");
      log.append(bytes("a"));
      assertThat(
              org.assertj.core.api.Assertions.catchThrowable(
                  () ->
                      log.flush(
                          (piece, first, before, frames) -> {
                            throw new IllegalStateException("the maps are away");
                          })))
          .isInstanceOf(IllegalStateException.class);
      log.append(bytes("b"));
      List<String> pieces = new ArrayList<>();
      log.flush((piece, first, before, frames) -> pieces.add(piece + texts(frames).toString()));
      assertThat(pieces).containsExactly("0[a, b]");
    } finally {
      get(vertx.close());
    }
  }

  @Test
  void pieces_live_as_long_as_the_log_is_written() {
    Vertx vertx = Vertx.vertx();
    StoreOptions options = StoreOptions.in(folder);
    OffLoop offLoop = new OffLoop(vertx, options, Optional.empty(), new SimpleMeterRegistry());
    try {
      Duration life = Duration.ofSeconds(2);
      EventLogs here = new EventLogs(offLoop, options, life);
      EventLogs elsewhere = new EventLogs(offLoop, options, life);
      get(offLoop.run(vault -> {}));
      EventLog log = here.open(TENANT, "resp_1");
      log.append(bytes("a"));
      Await.until("it is seen elsewhere", () -> readable(elsewhere));
      long seen = System.nanoTime();
      Await.until(
          "it has outlived its pieces' life",
          Duration.ofSeconds(20),
          () -> {
            assertThat(readable(elsewhere)).isTrue();
            return System.nanoTime() - seen > 3 * life.toNanos();
          });
      log.abandon();
      Await.until("nothing of it is left", () -> !readable(elsewhere));
    } finally {
      get(offLoop.close());
      get(vertx.close());
    }
  }

  private static boolean readable(EventLogs logs) {
    Future<List<byte[]>> read = logs.read(TENANT, "resp_1", 0);
    try {
      return texts(get(read)).equals(List.of("a"));
    } catch (RuntimeException e) {
      return false;
    }
  }

  /** What a node that died has left of a log: two events in each piece. */
  private static void left(OffLoop offLoop, int events, String said) {
    get(
        offLoop.run(
            vault -> {
              byte[] before = EventChain.START;
              for (int first = 0; first < events; first += 2) {
                List<byte[]> two =
                    IntStream.range(first, first + 2).mapToObj(i -> bytes(said + i)).toList();
                vault
                    .grid()
                    .frames()
                    .set(Grid.key("resp_1", first / 2), Frames.piece(TENANT, first, before, two));
                before = EventChain.after(before, two);
              }
            }));
  }

  private static List<String> said(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "said " + i).toList();
  }

  private record Fleet(Vertx vertx, OffLoop offLoop, EventLogs writer, EventLogs reader)
      implements AutoCloseable {
    static Fleet open(Path folder) {
      Vertx vertx = Vertx.vertx();
      StoreOptions options = StoreOptions.in(folder);
      OffLoop offLoop = new OffLoop(vertx, options, Optional.empty(), new SimpleMeterRegistry());
      get(offLoop.run(vault -> {}));
      return new Fleet(
          vertx, offLoop, new EventLogs(offLoop, options), new EventLogs(offLoop, options));
    }

    @Override
    public void close() {
      get(offLoop.close());
      get(vertx.close());
    }
  }

  @Test
  void a_log_that_is_begun_anew_is_read_by_its_numbers_and_leaves_nothing_behind() {
    try (Fleet fleet = Fleet.open(folder)) {
      left(fleet.offLoop(), 8, "said ");
      EventLog log = fleet.writer().open(TENANT, "resp_1");
      said(0, 5).forEach(event -> log.append(bytes(event)));
      Await.until("it is out", () -> pieceOf(fleet) == 5);
      for (int from = 0; from <= 5; from++) {
        assertThat(texts(get(fleet.reader().read(TENANT, "resp_1", from))))
            .as("from %d", from)
            .isEqualTo(said(from, 5));
      }
      log.abandon();
      Await.until(
          "nothing is left",
          () -> get(fleet.offLoop().call(vault -> vault.grid().frames().size())) == 0);
    }
  }

  /** How many events the first piece has; 0 while there is none. */
  private static int pieceOf(Fleet fleet) {
    return get(
        fleet
            .offLoop()
            .call(
                vault -> {
                  byte[] piece = vault.grid().frames().get(Grid.key("resp_1", 0));
                  return piece == null
                      ? 0
                      : dev.bitfleet.proto.store.v1.EventLog.parseFrom(piece).getEvents();
                }));
  }

  /** Follows from another node while the log is begun anew; gives what came and how it ended. */
  private List<String> across(String saidBefore) {
    List<String> got = new ArrayList<>();
    try (Fleet fleet = Fleet.open(folder)) {
      left(fleet.offLoop(), 4, saidBefore);
      Follower follower =
          new Follower() {
            @Override
            public void events(int first, List<byte[]> events) {
              synchronized (got) {
                assertThat(first).isEqualTo(got.size());
                got.addAll(texts(events));
              }
            }

            @Override
            public void ended() {
              synchronized (got) {
                got.add("ended");
              }
            }

            @Override
            public void lost() {
              synchronized (got) {
                got.add("lost");
              }
            }

            @Override
            public void changed() {
              synchronized (got) {
                got.add("changed");
              }
            }
          };
      fleet.vertx().runOnContext(now -> fleet.reader().follow(TENANT, "resp_1", 0, follower));
      Await.until("what was left is read", () -> size(got) == 4);
      EventLog log = fleet.writer().open(TENANT, "resp_1");
      said(0, 9).forEach(event -> log.append(bytes(event)));
      Await.until("more has come", () -> size(got) > 4);
      get(new Commit(fleet.offLoop(), fleet.writer(), TENANT).seal("resp_1").run());
      Await.until("the end", () -> got.contains("ended") || got.contains("changed"));
    }
    return got;
  }

  private static int size(List<String> got) {
    synchronized (got) {
      return got.size();
    }
  }

  @Test
  void a_reader_on_another_node_reads_on_in_a_log_that_is_begun_anew_and_says_the_same() {
    List<String> all = new ArrayList<>(said(0, 9));
    all.add("ended");
    assertThat(across("said ")).isEqualTo(all);
  }

  @Test
  void a_reader_of_a_log_that_is_begun_anew_and_says_something_else_has_lost_it() {
    assertThat(across("told ")).containsExactly("told 0", "told 1", "told 2", "told 3", "changed");
  }
}
