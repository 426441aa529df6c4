package dev.bitfleet.gateway.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.map.IMap;
import com.hazelcast.query.Predicates;
import dev.bitfleet.proto.store.v1.Answer;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Answers that repeats of their requests get. Blocks; virtual threads only. */
final class Answers {
  private Answers() {}

  /**
   * Forgets what was answered about a document that is being deleted: it goes with the document. A
   * repeat is told that there is none, in the words of whoever asks for it by its id; it is not
   * carried out again, which would bring back what somebody wanted gone.
   *
   * @param thing what is deleted, for people
   * @param rows gets what is to be journaled
   * @return what is to be done to the maps once that is on the disk
   */
  static Runnable forget(
      Vault vault, String tenant, String thing, String id, long now, List<Change> rows) {
    return replace(
        vault,
        tenant,
        id,
        now,
        rows,
        filed -> {
          Answer gone =
              Answer.newBuilder()
                  .setFingerprint(parse(filed).getFingerprint())
                  .setGoneThing(thing)
                  .setGoneId(id)
                  .build();
          return filed.with(gone.toByteArray(), now, filed.expires());
        });
  }

  /**
   * Takes back what was to be answered about a document that has come to nothing: a repeat is
   * carried out anew.
   *
   * @param rows gets what is to be journaled
   * @return what is to be done to the maps once that is on the disk
   */
  static Runnable withdraw(Vault vault, String tenant, String id, long now, List<Change> rows) {
    // Not removed: another node's copy of it would come back.
    return replace(vault, tenant, id, now, rows, filed -> filed.with(filed.body(), now, now));
  }

  /** Puts a later version in place of each answer that tells of that document. */
  private static Runnable replace(
      Vault vault,
      String tenant,
      String id,
      long now,
      List<Change> rows,
      UnaryOperator<Filed> later) {
    IMap<String, Filed> map = vault.grid().shelf(Shelf.ANSWERS);
    Map<String, Filed> replaced = new HashMap<>();
    for (Map.Entry<String, Filed> entry :
        map.entrySet(Predicates.equal(FiledSerializer.ABOUT_ANY, id))) {
      Filed filed = entry.getValue();
      if (filed.live(now) && filed.tenant().equals(tenant)) {
        Filed other = later.apply(filed);
        rows.add(new Change.Put(Shelf.ANSWERS, entry.getKey(), 0, now, other.toBytes()));
        replaced.put(entry.getKey(), other);
      }
    }
    return () -> replaced.forEach((key, filed) -> Union.join(map, key, filed, Union::of));
  }

  /**
   * What a repeat gets.
   *
   * @throws dev.bitfleet.gateway.contract.ApiException when it was another request, or its answer
   *     is not there any more
   */
  static Attempt replay(Filed filed, byte[] fingerprint) {
    Answer answer = parse(filed);
    if (!MessageDigest.isEqual(answer.getFingerprint().toByteArray(), fingerprint)) {
      throw StoreErrors.keyReused();
    }
    if (!answer.getGoneThing().isEmpty()) {
      throw StoreErrors.notFound(answer.getGoneThing(), answer.getGoneId());
    }
    if (answer.getTooLarge()) {
      throw StoreErrors.answerTooLarge();
    }
    return new Attempt.Replay(
        answer.getEventsOf().isEmpty()
            ? new StoredAnswer(
                answer.getStatus(),
                answer.getContentType(),
                Deflated.undone(answer.getBody().toByteArray()))
            : StoredAnswer.eventsOf(answer.getEventsOf()));
  }

  private static Answer parse(Filed filed) {
    try {
      return Answer.parseFrom(filed.body());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("an answer that is none", e);
    }
  }
}
