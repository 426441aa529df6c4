package dev.bitfleet.gateway.store;

import static dev.bitfleet.gateway.store.StoreHarness.TENANT;
import static dev.bitfleet.gateway.store.StoreHarness.get;
import static dev.bitfleet.gateway.store.StoreHarness.json;
import static dev.bitfleet.gateway.store.StoreHarness.message;
import static dev.bitfleet.gateway.store.StoreHarness.refusal;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.core.Hazelcast;
import dev.bitfleet.gateway.testing.Await;
import io.vertx.core.Future;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {
  @TempDir Path folder;

  private StoreHarness open() {
    return new StoreHarness(StoreOptions.in(folder));
  }

  @Test
  void what_was_acknowledged_is_there_when_the_store_is_opened_again() {
    String id;
    try (StoreHarness first = open()) {
      id = first.conversation(TENANT);
      for (int i = 0; i < 20; i++) {
        first.append(id, "turn " + i);
      }
      get(
          first
              .store()
              .commit(TENANT)
              .put(first.store().completions(), "chatcmpl-1", "{}".getBytes(UTF_8))
              .run());
    }
    try (StoreHarness second = open()) {
      assertThat(second.texts(id))
          .isEqualTo(IntStream.range(0, 20).mapToObj(i -> "turn " + i).toList());
      assertThat(get(second.store().conversations().find(TENANT, id)).items()).isEqualTo(20);
      assertThat(get(second.store().completions().find(TENANT, "chatcmpl-1")).body())
          .isEqualTo("{}".getBytes(UTF_8));
      second.append(id, "one more");
      assertThat(second.texts(id)).hasSize(21).endsWith("one more");
    }
  }

  @Test
  void many_who_append_at_once_get_one_order_and_lose_nothing() {
    try (StoreHarness store =
        new StoreHarness(StoreOptions.in(folder).queueing(Duration.ofSeconds(30), 100))) {
      String id = store.conversation(TENANT);
      List<Future<Void>> appending = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        String text = "turn " + i;
        appending.add(
            store
                .store()
                .conversations()
                .begin(TENANT, id)
                .compose(
                    turn ->
                        store
                            .store()
                            .commit(TENANT)
                            .append(
                                turn,
                                List.of(message(text), message("after " + turn.history().size())))
                            .run()));
      }
      get(Future.all(appending));
      List<String> texts = store.texts(id);
      assertThat(texts).hasSize(100).doesNotHaveDuplicates();
      // Each saw exactly what had come before it.
      for (int i = 0; i < 50; i++) {
        assertThat(texts.get(2 * i + 1)).isEqualTo("after " + 2 * i);
      }
    }
  }

  @Test
  void a_conversation_in_use_keeps_others_waiting_and_then_refuses_them() {
    try (StoreHarness store =
        new StoreHarness(StoreOptions.in(folder).queueing(Duration.ofMillis(200), 1))) {
      String id = store.conversation(TENANT);
      Turn turn = get(store.store().conversations().begin(TENANT, id));
      Future<Turn> waiting = store.store().conversations().begin(TENANT, id);
      assertThat(refusal(() -> waiting)).isEqualTo("409 conversation_busy");
      turn.release();
      Turn next = get(store.store().conversations().begin(TENANT, id));
      assertThat(next.history()).isEmpty();
      next.release();
    }
  }

  @Test
  void what_belongs_to_another_is_answered_as_what_never_was() {
    try (StoreHarness store = open()) {
      String id = store.conversation(TENANT);
      store.append(id, "mine");
      String item =
          get(store.store().conversations().items(TENANT, id)).getFirst().path("id").stringValue();
      for (String asked : List.of(id, "conv_unknown")) {
        var conversations = store.store().conversations();
        assertThat(refusal(() -> conversations.find("eve", asked)))
            .isEqualTo("404 conversation_not_found");
        assertThat(refusal(() -> conversations.items("eve", asked)))
            .isEqualTo("404 conversation_not_found");
        assertThat(refusal(() -> conversations.item("eve", asked, item)))
            .isEqualTo("404 conversation_not_found");
        assertThat(refusal(() -> conversations.begin("eve", asked)))
            .isEqualTo("404 conversation_not_found");
        assertThat(refusal(() -> conversations.describe("eve", asked, json("{}"))))
            .isEqualTo("404 conversation_not_found");
        assertThat(refusal(() -> conversations.delete("eve", asked)))
            .isEqualTo("404 conversation_not_found");
        assertThat(refusal(() -> conversations.deleteItem("eve", asked, item)))
            .isEqualTo("404 conversation_not_found");
      }
      assertThat(get(store.store().conversations().list("eve", page(10))).data()).isEmpty();
      assertThat(store.texts(id)).containsExactly("mine");
    }
  }

  private static PageRequest page(int limit) {
    return new PageRequest(limit, true, Optional.empty());
  }

  @Test
  void what_was_deleted_stays_deleted() {
    String id;
    String other;
    try (StoreHarness first = open()) {
      id = first.conversation(TENANT);
      first.append(id, "gone");
      other = first.conversation(TENANT);
      first.append(other, "stays");
      first.append(other, "goes");
      get(first.store().conversations().delete(TENANT, id));
      String item =
          get(first.store().conversations().items(TENANT, other)).get(1).path("id").stringValue();
      get(first.store().conversations().deleteItem(TENANT, other, item));
    }
    try (StoreHarness second = open()) {
      assertThat(refusal(() -> second.store().conversations().find(TENANT, id)))
          .isEqualTo("404 conversation_not_found");
      assertThat(second.texts(other)).containsExactly("stays");
      assertThat(get(second.store().conversations().find(TENANT, other)).items()).isEqualTo(1);
    }
  }

  @Test
  void limits_are_told_apart_and_change_nothing() {
    try (StoreHarness store =
        new StoreHarness(StoreOptions.in(folder).bounded(2, 3, 400, 300, 1 << 20))) {
      String id = store.conversation(TENANT);
      Turn turn = get(store.store().conversations().begin(TENANT, id));
      assertThat(
              refusal(
                  () ->
                      store
                          .store()
                          .commit(TENANT)
                          .append(turn, List.of(message("x".repeat(300))))
                          .run()))
          .isEqualTo("400 item_too_large");
      turn.release();
      store.append(id, "y".repeat(150));
      Turn second = get(store.store().conversations().begin(TENANT, id));
      assertThat(
              refusal(
                  () ->
                      store
                          .store()
                          .commit(TENANT)
                          .append(second, List.of(message("z".repeat(150))))
                          .run()))
          .isEqualTo("400 conversation_full");
      second.release();
      assertThat(store.texts(id)).hasSize(1);
      store.conversation(TENANT);
      assertThat(
              refusal(
                  () -> store.store().commit(TENANT).create("conv_3", json("{}"), List.of()).run()))
          .isEqualTo("400 too_many_conversations");
      get(store.store().conversations().delete(TENANT, id));
      get(store.store().commit(TENANT).create("conv_3", json("{}"), List.of()).run());
      assertThat(get(store.store().conversations().list(TENANT, page(10))).data()).hasSize(2);
    }
  }

  @Test
  void a_store_that_is_full_says_so() {
    try (StoreHarness store =
        new StoreHarness(StoreOptions.in(folder).bounded(10, 100, 1 << 20, 1 << 20, 100_000))) {
      String id = store.conversation(TENANT);
      assertThat(
              refusal(
                  () ->
                      store
                          .store()
                          .commit(TENANT)
                          .put(store.store().completions(), "chatcmpl-1", new byte[200_000])
                          .run()))
          .isEqualTo("503 storage_full");
      assertThat(store.texts(id)).isEmpty();
    }
  }

  @Test
  void what_nobody_uses_expires_from_maps_and_journal() {
    StoreOptions brief =
        StoreOptions.in(folder)
            .keeping(Duration.ofSeconds(2), Duration.ofSeconds(2), Duration.ofMillis(100));
    try (StoreHarness store = new StoreHarness(brief)) {
      String id = store.conversation(TENANT);
      store.append(id, "brief");
      Await.until(
          "the conversation has expired",
          () ->
              refusal(() -> store.store().conversations().find(TENANT, id))
                  .equals("404 conversation_not_found"));
      Await.until(
          "the sweep has forgotten it",
          () -> get(store.store().conversations().list(TENANT, page(10))).data().isEmpty());
    }
    try (StoreHarness again = open()) {
      assertThat(get(again.store().conversations().list(TENANT, page(10))).data()).isEmpty();
    }
  }

  @Test
  void a_turn_that_began_in_time_keeps_its_conversation() {
    StoreOptions options =
        StoreOptions.in(folder)
            .keeping(Duration.ofSeconds(2), Duration.ofSeconds(2), Duration.ofMillis(10));
    String id;
    try (StoreHarness store = new StoreHarness(options)) {
      id = store.conversation(TENANT);
      store.append(id, "first");
      Turn turn = get(store.store().conversations().begin(TENANT, id));
      Await.until(
          "it has expired",
          () ->
              refusal(() -> store.store().conversations().find(TENANT, id))
                  .equals("404 conversation_not_found"));
      // Two sweeps pass by what nobody uses.
      String other = store.conversation(TENANT);
      Await.until(
          "others are swept",
          () ->
              refusal(() -> store.store().conversations().find(TENANT, other))
                  .equals("404 conversation_not_found"));
      get(store.store().commit(TENANT).append(turn, List.of(message("second"))).run());
      assertThat(store.texts(id)).containsExactly("first", "second");
    }
  }

  @Test
  void what_is_used_is_kept_for_longer() {
    StoreOptions options =
        StoreOptions.in(folder)
            .keeping(Duration.ofSeconds(2), Duration.ofSeconds(2), Duration.ofMillis(50));
    try (StoreHarness store = new StoreHarness(options)) {
      for (String id : List.of("resp_used", "resp_left")) {
        get(
            store
                .store()
                .commit(TENANT)
                .put(store.store().responses(), id, "{}".getBytes(UTF_8))
                .run());
      }
      Await.until(
          "the other has expired",
          () -> {
            get(store.store().responses().use(TENANT, "resp_used"));
            return !refusal(() -> store.store().responses().find(TENANT, "resp_left")).isEmpty();
          });
      get(store.store().responses().find(TENANT, "resp_used"));
    }
  }

  @Test
  void a_store_that_fails_to_open_leaves_nothing_open() throws Exception {
    Filed broken =
        new Filed(TENANT, 1, 1, Long.MAX_VALUE, false, "no conversation".getBytes(UTF_8));
    try (JournalFile file = JournalFile.open(folder)) {
      file.write(List.of(new Change.Put(Shelf.CONVERSATIONS, "conv_1", 0, 1, broken.toBytes())));
    }
    int members = Hazelcast.getAllHazelcastInstances().size();
    try (StoreHarness store = open()) {
      assertThat(refusal(() -> store.store().open())).isEqualTo("503 storage_unavailable");
      assertThat(Hazelcast.getAllHazelcastInstances()).hasSize(members);
      JournalFile.open(folder).close();
    }
  }

  @Test
  void documents_are_listed_by_age_in_pages() {
    try (StoreHarness store = open()) {
      for (int i = 0; i < 7; i++) {
        get(
            store
                .store()
                .commit(TENANT)
                .put(store.store().completions(), "chatcmpl-" + i, new byte[] {(byte) i})
                .run());
      }
      List<Integer> seen = new ArrayList<>();
      Optional<String> after = Optional.empty();
      boolean more = true;
      while (more) {
        Page<Document> page =
            get(
                store
                    .store()
                    .completions()
                    .list(TENANT, new PageRequest(2, false, after), d -> d.body()[0] % 2 == 0));
        page.data().forEach(document -> seen.add((int) document.body()[0]));
        after = Optional.of(page.data().getLast().id());
        more = page.hasMore();
      }
      assertThat(seen).hasSize(4).containsExactlyInAnyOrder(0, 2, 4, 6);
      assertThat(
              refusal(
                  () ->
                      store
                          .store()
                          .completions()
                          .list(TENANT, new PageRequest(2, true, Optional.of("nope")), d -> true)))
          .isEqualTo("400 invalid_parameter");
    }
  }

  @Test
  void a_repeated_request_gets_the_first_ones_answer() {
    byte[] request = {1, 2, 3};
    try (StoreHarness store = open()) {
      Attempt first = get(store.store().idempotency().begin(TENANT, "key", request));
      Future<Attempt> second = store.store().idempotency().begin(TENANT, "key", request);
      get(
          store
              .store()
              .commit(TENANT)
              .answer(
                  (Attempt.Fresh) first, new StoredAnswer(200, "text/plain", "yes".getBytes(UTF_8)))
              .run());
      assertThat(get(second))
          .isInstanceOfSatisfying(
              Attempt.Replay.class,
              replay -> assertThat(replay.answer().body()).isEqualTo("yes".getBytes(UTF_8)));
      assertThat(refusal(() -> store.store().idempotency().begin(TENANT, "key", new byte[] {9})))
          .isEqualTo("422 idempotency_key_reuse");
      Attempt foreign = get(store.store().idempotency().begin("eve", "key", request));
      assertThat(foreign).isInstanceOf(Attempt.Fresh.class);
      ((Attempt.Fresh) foreign).abandon();
    }
    try (StoreHarness again = open()) {
      assertThat(get(again.store().idempotency().begin(TENANT, "key", request)))
          .isInstanceOf(Attempt.Replay.class);
    }
  }

  @Test
  void an_abandoned_request_is_taken_up_by_the_next() {
    try (StoreHarness store = open()) {
      Attempt first = get(store.store().idempotency().begin(TENANT, "key", new byte[] {1}));
      Future<Attempt> second = store.store().idempotency().begin(TENANT, "key", new byte[] {1});
      ((Attempt.Fresh) first).abandon();
      assertThat(get(second)).isInstanceOf(Attempt.Fresh.class);
      ((Attempt.Fresh) get(second)).abandon();
    }
  }

  @Test
  void a_retry_gets_what_its_first_try_missed_and_a_first_try_never_does() {
    try (StoreHarness store = open()) {
      Idempotency idempotency = store.store().idempotency();
      byte[] request = {5};
      Attempt first = get(idempotency.begin(TENANT, request, false));
      get(
          store
              .store()
              .commit(TENANT)
              .answer((Attempt.Fresh) first, new StoredAnswer(200, "text/plain", new byte[] {7}))
              .run());
      assertThat(get(idempotency.begin(TENANT, request, true))).isInstanceOf(Attempt.Replay.class);
      Attempt another = get(idempotency.begin(TENANT, request, false));
      assertThat(another).isInstanceOf(Attempt.Fresh.class);
      ((Attempt.Fresh) another).abandon();
      assertThat(get(idempotency.begin(TENANT, request, true))).isInstanceOf(Attempt.Fresh.class);
    }
  }

  @Test
  void of_the_work_that_was_promised_the_oldest_is_taken_first() throws InterruptedException {
    try (StoreHarness store = open()) {
      List<String> ids = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        // In another order than that of their names.
        String id = "resp_" + i * 7 % 12;
        ids.add(id);
        get(store.store().commit(TENANT).put(store.store().pending(), id, new byte[1]).run());
        Thread.sleep(2);
      }
      for (int from = 0; from < 12; from += 3) {
        assertThat(get(store.store().promises().unclaimed(3)))
            .extracting(claimed -> claimed.work().document().id())
            .isEqualTo(ids.subList(from, from + 3));
      }
    }
  }

  @Test
  void an_event_log_is_read_while_it_is_written_and_after_it_was_sealed() {
    try (StoreHarness store = open()) {
      EventLog log = store.store().events().open(TENANT, "resp_1");
      log.append("a".getBytes(UTF_8));
      log.append("b".getBytes(UTF_8));
      assertThat(get(store.store().events().read(TENANT, "resp_1", 1)))
          .containsExactly("b".getBytes(UTF_8));
      assertThat(refusal(() -> store.store().events().read("eve", "resp_1", 0)))
          .isEqualTo("404 response_not_found");
      get(
          store
              .store()
              .commit(TENANT)
              .put(store.store().responses(), "resp_1", new byte[] {1})
              .seal("resp_1")
              .run());
    }
    try (StoreHarness again = open()) {
      assertThat(get(again.store().events().read(TENANT, "resp_1", 0))).hasSize(2);
      get(again.store().responses().delete(TENANT, "resp_1"));
      assertThat(refusal(() -> again.store().events().read(TENANT, "resp_1", 0)))
          .isEqualTo("404 response_not_found");
    }
  }

  @Test
  void a_follower_gets_every_event_once_and_the_end() {
    try (StoreHarness store = open()) {
      get(store.store().open());
      EventLog log = store.store().events().open(TENANT, "resp_1");
      log.append("0".getBytes(UTF_8));
      List<String> got = new ArrayList<>();
      boolean[] ended = {false};
      store
          .vertx()
          .runOnContext(
              now ->
                  store
                      .store()
                      .events()
                      .follow(
                          TENANT,
                          "resp_1",
                          0,
                          new Follower() {
                            @Override
                            public void events(int first, List<byte[]> events) {
                              synchronized (got) {
                                assertThat(first).isEqualTo(got.size());
                                events.forEach(event -> got.add(new String(event, UTF_8)));
                              }
                            }

                            @Override
                            public void ended() {
                              synchronized (got) {
                                ended[0] = true;
                              }
                            }

                            @Override
                            public void lost() {
                              throw new AssertionError("it is all there");
                            }

                            @Override
                            public void changed() {
                              throw new AssertionError("it is all there");
                            }
                          }));
      for (int i = 1; i < 100; i++) {
        log.append(Integer.toString(i).getBytes(UTF_8));
      }
      get(store.store().commit(TENANT).seal("resp_1").run());
      Await.until(
          "the follower has reached the end",
          () -> {
            synchronized (got) {
              return ended[0];
            }
          });
      assertThat(got).isEqualTo(IntStream.range(0, 100).mapToObj(Integer::toString).toList());
    }
  }

  @Test
  void a_damaged_journal_is_refused_and_left_alone() throws IOException {
    try (StoreHarness first = open()) {
      String id = first.conversation(TENANT);
      for (int i = 0; i < 50; i++) {
        first.append(id, "turn " + i + " " + "x".repeat(500));
      }
    }
    Path file = folder.resolve(JournalFile.NAME);
    byte[] before = Files.readAllBytes(file);
    String text = new String(before, java.nio.charset.StandardCharsets.ISO_8859_1);
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.seek(text.indexOf("turn 25"));
      out.write("TURN 25".getBytes(UTF_8));
    }
    byte[] damaged = Files.readAllBytes(file);
    try (StoreHarness second = open()) {
      assertThat(refusal(() -> second.store().open())).isEqualTo("503 storage_unavailable");
      assertThat(
              refusal(
                  () ->
                      second.store().commit(TENANT).create("conv_1", json("{}"), List.of()).run()))
          .isEqualTo("503 storage_unavailable");
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(damaged);
  }

  @Test
  void nothing_lies_in_the_folder_but_the_journal() throws IOException {
    Files.write(folder.resolve("sqlite-1-libsqlitejdbc.so"), new byte[1]);
    try (StoreHarness store = open()) {
      get(store.store().open());
      try (var files = Files.list(folder)) {
        assertThat(files.map(file -> file.getFileName().toString()))
            .allMatch(name -> name.startsWith(JournalFile.NAME));
      }
    }
  }

  @Test
  void a_journal_is_written_by_one_process_alone() {
    try (StoreHarness first = open();
        StoreHarness second = open()) {
      get(first.store().open());
      assertThat(refusal(() -> second.store().open())).isEqualTo("503 storage_unavailable");
      first.conversation(TENANT);
    }
  }
}
