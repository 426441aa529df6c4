package dev.bitfleet.gateway.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.bitfleet.proto.store.v1.Conversation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a journal does wherever it is kept. */
abstract class JournalStorageContract {
  static final String TENANT = "ada";

  /** Opens what the test has; a second time it is the same. */
  abstract JournalStorage open() throws Exception;

  static Change.Put document(Shelf shelf, String id, long updated, long expires, String body) {
    ByteString text = ByteString.copyFromUtf8(body);
    byte[] bytes =
        shelf == Shelf.CONVERSATIONS
            ? Conversation.newBuilder().setMetadata(text).build().toByteArray()
            : text.toByteArray();
    Filed filed = new Filed(TENANT, 1, updated, expires, false, bytes);
    return new Change.Put(shelf, id, 0, updated, filed.toBytes());
  }

  static Change.Put tombstone(Shelf shelf, String id, long updated) {
    Filed filed = new Filed(TENANT, 1, updated, Long.MAX_VALUE, true, new byte[0]);
    return new Change.Put(shelf, id, 0, updated, filed.toBytes());
  }

  static Change.Put turn(String conversation, int place, String turn, long touched) {
    return new Change.Put(
        Shelf.PLACES,
        conversation,
        place,
        touched,
        Places.of(turn, touched, List.of()).toByteArray());
  }

  static List<String> turns(byte[] place) {
    return Places.parse(place).getTurnsList().stream().map(each -> each.getId()).toList();
  }

  /**
   * Everything there is, a line each, sorted: shelf owner/place touched, then what stands there.
   */
  static List<String> rows(JournalStorage storage, long since) throws JournalException {
    List<String> rows = new ArrayList<>();
    storage.read(
        List.of(Shelf.values()),
        since,
        (shelf, owner, place, touched, value) ->
            rows.add(
                shelf
                    + " "
                    + owner
                    + "/"
                    + place
                    + " "
                    + touched
                    + " "
                    + (shelf == Shelf.PLACES ? turns(value).toString() : body(shelf, value))));
    return rows.stream().sorted().toList();
  }

  private static String body(Shelf shelf, byte[] value) {
    try {
      Filed filed = Filed.of(value);
      return filed.deleted()
          ? "(deleted)"
          : shelf == Shelf.CONVERSATIONS
              ? Places.body(filed).getMetadata().toStringUtf8()
              : new String(filed.body(), UTF_8);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void what_was_written_is_there_when_it_is_opened_again() throws Exception {
    byte[] binary = new byte[300_000];
    for (int i = 0; i < binary.length; i++) {
      binary[i] = (byte) (i * 31 >> 3);
    }
    Filed large = new Filed(TENANT, 1, 2, 3, false, binary);
    try (JournalStorage storage = open()) {
      storage.write(
          List.of(
              document(Shelf.CONVERSATIONS, "conv_1", 5, 100, ""),
              turn("conv_1", 0, "first", 5),
              turn("conv_1", 1, "second", 6),
              document(Shelf.ANSWERS, "a", 7, 100, "yes"),
              new Change.Put(Shelf.EVENT_LOGS, "resp_1", 0, 8, large.toBytes())));
      storage.write(List.of());
    }
    try (JournalStorage storage = open()) {
      List<byte[]> values = new ArrayList<>();
      storage.read(
          List.of(Shelf.EVENT_LOGS), 0, (shelf, owner, place, touched, value) -> values.add(value));
      assertThat(values).hasSize(1);
      assertThat(values.getFirst()).isEqualTo(large.toBytes());
      assertThat(rows(storage, 6))
          .hasSize(3)
          .contains("PLACES conv_1/1 6 [second]", "ANSWERS a/0 7 yes");
      assertThat(rows(storage, 0)).hasSize(5);
    }
  }

  @Test
  void a_row_is_written_over_an_older_one() throws Exception {
    try (JournalStorage storage = open()) {
      storage.write(List.of(document(Shelf.RESPONSES, "resp_1", 5, 100, "queued")));
      storage.write(List.of(document(Shelf.RESPONSES, "resp_1", 6, 100, "completed")));
      // Twice within one write, too.
      storage.write(
          List.of(
              document(Shelf.COMPLETIONS, "c", 5, 100, "a"),
              document(Shelf.COMPLETIONS, "c", 6, 100, "b")));
      assertThat(rows(storage, 0))
          .containsExactly("COMPLETIONS c/0 6 b", "RESPONSES resp_1/0 6 completed");
    }
  }

  @Test
  void a_turn_beside_another_at_its_place_leaves_that_there() throws Exception {
    try (JournalStorage storage = open()) {
      storage.write(List.of(turn("conv", 0, "left", 1)));
      storage.write(List.of(turn("conv", 0, "right", 2), turn("conv", 0, "third", 2)));
      assertThat(rows(storage, 0)).containsExactly("PLACES conv/0 2 [left, right, third]");
    }
  }

  @Test
  void an_owners_rows_are_removed_and_what_is_put_after_that_stays() throws Exception {
    try (JournalStorage storage = open()) {
      storage.write(
          List.of(turn("conv", 0, "a", 1), turn("conv", 1, "b", 1), turn("other", 0, "c", 1)));
      storage.write(
          List.of(
              new Change.Remove(Shelf.PLACES, "conv"), tombstone(Shelf.CONVERSATIONS, "conv", 2)));
      assertThat(rows(storage, 0))
          .containsExactly("CONVERSATIONS conv/0 2 (deleted)", "PLACES other/0 1 [c]");
      storage.write(
          List.of(
              turn("other", 1, "d", 3),
              new Change.Remove(Shelf.PLACES, "other"),
              turn("other", 2, "e", 3)));
      assertThat(rows(storage, 0))
          .containsExactly("CONVERSATIONS conv/0 2 (deleted)", "PLACES other/2 3 [e]");
    }
  }

  @Test
  void what_has_expired_goes_with_its_places_and_what_was_renewed_stays() throws Exception {
    try (JournalStorage storage = open()) {
      for (String id : List.of("old", "renewed")) {
        storage.write(
            List.of(
                document(Shelf.CONVERSATIONS, id, 1, 100, ""),
                turn(id, 0, "a", 1),
                document(Shelf.ANSWERS, id, 1, 100, id)));
      }
      storage.write(
          List.of(
              document(Shelf.CONVERSATIONS, "renewed", 90, 500, ""),
              document(Shelf.ANSWERS, "renewed", 90, 500, "renewed")));
      storage.write(
          Stream.of("old", "renewed", "unknown")
              .flatMap(
                  id ->
                      Stream.<Change>of(
                          new Change.Expire(Shelf.CONVERSATIONS, id, 100),
                          new Change.Expire(Shelf.ANSWERS, id, 100)))
              .toList());
      assertThat(rows(storage, 0))
          .containsExactly(
              "ANSWERS renewed/0 90 renewed",
              "CONVERSATIONS renewed/0 90 ",
              "PLACES renewed/0 1 [a]");
    }
  }

  @Test
  void owners_are_found_by_their_last_touch_and_by_their_names() throws Exception {
    try (JournalStorage storage = open()) {
      for (int i = 0; i < 10; i++) {
        storage.write(List.of(document(Shelf.ANSWERS, "a" + i, i, 100, "")));
      }
      storage.write(List.of(document(Shelf.RESPONSES, "a1", 1, 100, "")));
      assertThat(storage.untouchedSince(Shelf.ANSWERS, 3, 100))
          .containsExactlyInAnyOrder("a0", "a1", "a2");
      assertThat(storage.untouchedSince(Shelf.ANSWERS, 100, 4)).hasSize(4);
      assertThat(storage.have(Shelf.ANSWERS, Set.of("a3", "a7", "b"))).containsOnly("a3", "a7");
      assertThat(storage.have(Shelf.RESPONSES, Set.of("a3"))).isEmpty();
      storage.shrink(10);
    }
  }

  @Test
  void many_changes_make_one_write() throws Exception {
    List<Change> changes = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      changes.add(turn("conv" + i % 700, i / 700, "turn" + i, i));
      changes.add(document(Shelf.CONVERSATIONS, "conv" + i % 700, i, 1_000_000, "n" + i));
    }
    try (JournalStorage storage = open()) {
      storage.write(changes);
      storage.write(changes);
      assertThat(rows(storage, 0))
          .hasSize(3700)
          .contains("PLACES conv699/3 2799 [turn2799]", "PLACES conv199/4 2999 [turn2999]");
    }
  }
}
