package dev.bitfleet.gateway.store;

import static dev.bitfleet.gateway.store.StoreHarness.TENANT;
import static dev.bitfleet.gateway.store.StoreHarness.get;
import static dev.bitfleet.gateway.store.StoreHarness.refusal;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.gateway.contract.ApiException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a commit owns, and what it says when it could not be carried out to the end. */
class CommitTest {
  private static final StoredAnswer YES =
      new StoredAnswer(200, "text/plain", "yes".getBytes(UTF_8));

  @TempDir Path folder;

  private static byte[] when(CountDownLatch released) {
    try {
      released.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return new byte[] {1};
  }

  @Test
  void an_attempt_that_is_abandoned_while_it_is_committed_is_still_the_commits() {
    try (StoreHarness store = new StoreHarness(StoreOptions.in(folder))) {
      byte[] request = {1};
      Idempotency idempotency = store.store().idempotency();
      Attempt.Fresh first = (Attempt.Fresh) get(idempotency.begin(TENANT, "key", request));
      CountDownLatch released = new CountDownLatch(1);
      Future<Void> commit =
          store
              .store()
              .commit(TENANT)
              .put(store.store().completions(), "chatcmpl-1", () -> when(released))
              .answer(first, YES)
              .run();
      first.abandon();
      Future<Attempt> second = idempotency.begin(TENANT, "key", request);
      get(store.store().open());
      released.countDown();
      get(commit);
      assertThat(get(second)).isInstanceOf(Attempt.Replay.class);
    }
  }

  @Test
  void a_commit_that_fails_lets_the_next_attempt_begin() {
    try (StoreHarness store = new StoreHarness(StoreOptions.in(folder))) {
      byte[] request = {1};
      Idempotency idempotency = store.store().idempotency();
      Attempt.Fresh first = (Attempt.Fresh) get(idempotency.begin(TENANT, "key", request));
      assertThat(
              refusal(
                  () ->
                      store
                          .store()
                          .commit(TENANT)
                          .put(store.store().completions(), "big", new byte[5 << 20])
                          .answer(first, YES)
                          .run()))
          .isEqualTo("400 item_too_large");
      Attempt second = get(idempotency.begin(TENANT, "key", request));
      assertThat(second).isInstanceOf(Attempt.Fresh.class);
      ((Attempt.Fresh) second).abandon();
    }
  }

  @Test
  void what_is_deleted_takes_along_what_was_answered_about_it() {
    byte[] request = {1};
    try (StoreHarness store = new StoreHarness(StoreOptions.in(folder))) {
      Attempt.Fresh first =
          (Attempt.Fresh) get(store.store().idempotency().begin(TENANT, "key", request));
      get(
          store
              .store()
              .commit(TENANT)
              .put(store.store().completions(), "chatcmpl-1", new byte[] {1})
              .answer(first, YES)
              .run());
      get(store.store().completions().delete(TENANT, "chatcmpl-1"));
      assertThat(refusal(() -> store.store().idempotency().begin(TENANT, "key", request)))
          .isEqualTo("404 chat_completion_not_found");
    }
    try (StoreHarness again = new StoreHarness(StoreOptions.in(folder))) {
      assertThat(refusal(() -> again.store().idempotency().begin(TENANT, "key", request)))
          .isEqualTo("404 chat_completion_not_found");
      assertThat(refusal(() -> again.store().idempotency().begin(TENANT, "key", new byte[] {2})))
          .isEqualTo("422 idempotency_key_reuse");
    }
  }

  @Test
  void what_comes_late_into_the_maps_does_not_undo_what_was_done_meanwhile() throws Exception {
    try (Vault vault =
        Vault.open(
            StoreOptions.in(folder),
            Optional.empty(),
            new StoreMetrics(new SimpleMeterRegistry()))) {
      Commit.carryOut(vault, List.of(put("a", 1)));
      Runnable late = put("a", 2).prepare(vault, System.currentTimeMillis(), new ArrayList<>());
      Commit.carryOut(
          vault, List.of(new DocumentParts.Remove(Shelf.COMPLETIONS, TENANT, "a", true)));
      late.run();
      assertThat(vault.grid().shelf(Shelf.COMPLETIONS).get("a")).matches(Filed::deleted);

      Commit.carryOut(vault, List.of(put("b", 1)));
      late = put("b", 2).prepare(vault, System.currentTimeMillis() - 5000, new ArrayList<>());
      late.run();
      assertThat(vault.grid().shelf(Shelf.COMPLETIONS).get("b"))
          .as("a later version holds, whatever the clock says")
          .extracting(Filed::body)
          .isEqualTo(new byte[] {2});
    }
  }

  private static Part put(String id, int body) {
    return new DocumentParts.Put(
        Shelf.COMPLETIONS, TENANT, id, () -> new byte[] {(byte) body}, there -> true, true);
  }

  /** Writes one row, and then fails to put it into the maps as often as it is told to. */
  private static Part failing(String id, int times, List<String> applied) {
    int[] left = {times};
    return new Part() {
      @Override
      public List<String> ids() {
        return List.of(id);
      }

      @Override
      public Runnable prepare(Vault vault, long now, List<Change> rows) {
        Filed filed = new Filed(TENANT, now, now, now + 1_000_000, false, new byte[] {1});
        rows.add(new Change.Put(Shelf.COMPLETIONS, id, 0, now, filed.toBytes()));
        return () -> {
          if (left[0]-- > 0) {
            throw new IllegalStateException("the maps are away");
          }
          vault.grid().shelf(Shelf.COMPLETIONS).set(id, filed);
          applied.add(id);
        };
      }
    };
  }

  private static String refused(Vault vault, Part part) {
    try {
      Commit.carryOut(vault, List.of(part));
      return "";
    } catch (ApiException e) {
      return e.error().code();
    }
  }

  @Test
  void what_is_on_the_disk_and_not_in_the_maps_is_said_so_and_put_there_first() throws Exception {
    List<String> applied = new ArrayList<>();
    try (Vault vault =
        Vault.open(
            StoreOptions.in(folder),
            Optional.empty(),
            new StoreMetrics(new SimpleMeterRegistry()))) {
      // The store's own care may come in between: more failures than it can take part in.
      assertThat(refused(vault, failing("a", 2, applied))).isEqualTo("storage_behind");
      assertThatThrownBy(vault::catchUp).isInstanceOf(ApiException.class);
      assertThat(refused(vault, failing("b", 0, applied))).isEmpty();
      assertThat(applied).containsExactly("a", "b");
    }
    try (StoreHarness again = new StoreHarness(StoreOptions.in(folder))) {
      assertThat(get(again.store().completions().find(TENANT, "a")).body()).containsExactly(1);
    }
  }

  @Test
  void what_is_not_to_be_replaced_is_refused_as_gone_with_all_that_belongs_to_it() {
    try (StoreHarness store = new StoreHarness(StoreOptions.in(folder))) {
      String conversation = store.conversation(TENANT);
      Documents responses = store.store().responses();
      get(store.store().commit(TENANT).put(responses, "resp_1", "ended".getBytes(UTF_8)).run());
      Turn turn = get(store.store().conversations().begin(TENANT, conversation));
      assertThat(
              refusal(
                  () ->
                      store
                          .store()
                          .commit(TENANT)
                          .put(
                              responses,
                              "resp_1",
                              () -> new byte[0],
                              there -> !new String(there, UTF_8).equals("ended"))
                          .append(turn, "resp_1", List.of(StoreHarness.message("again")))
                          .run()))
          .isEqualTo("404 response_not_found");
      assertThat(get(responses.find(TENANT, "resp_1")).body()).isEqualTo("ended".getBytes(UTF_8));
      assertThat(store.texts(conversation)).isEmpty();
    }
  }

  @Test
  void what_is_appended_twice_under_one_name_is_there_once() {
    try (StoreHarness store = new StoreHarness(StoreOptions.in(folder))) {
      String conversation = store.conversation(TENANT);
      for (int i = 0; i < 2; i++) {
        Turn turn = get(store.store().conversations().begin(TENANT, conversation));
        get(
            store
                .store()
                .commit(TENANT)
                .append(turn, "resp_1", List.of(StoreHarness.message("said")))
                .run());
      }
      assertThat(store.texts(conversation)).containsExactly("said");
    }
  }
}
