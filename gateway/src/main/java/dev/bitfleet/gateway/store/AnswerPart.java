package dev.bitfleet.gateway.store;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.store.v1.Answer;
import java.util.List;

/**
 * Keeps an answer for repeats of its request.
 *
 * @param about ids of what it tells of: see {@link Answers#forget}
 */
record AnswerPart(Attempt.Fresh attempt, StoredAnswer answer, List<String> about) implements Part {
  /** Longer answers are not kept; a repeat is told so rather than carried out again. */
  private static final int LONGEST = 2 << 20;

  @Override
  public List<String> ids() {
    return List.of();
  }

  @Override
  public void taken() {
    attempt.committing();
  }

  @Override
  public Runnable prepare(Vault vault, long now, List<Change> rows) {
    boolean tooLarge = answer.body().length > LONGEST;
    Answer.Builder body =
        Answer.newBuilder()
            .setFingerprint(ByteString.copyFrom(attempt.fingerprint()))
            .setStatus(answer.status())
            .setContentType(answer.contentType())
            .setBody(tooLarge ? ByteString.EMPTY : ByteString.copyFrom(Deflated.of(answer.body())))
            .setTooLarge(tooLarge);
    answer.eventsOf().ifPresent(body::setEventsOf);
    long ttl = Math.min(attempt.ttl().toMillis(), vault.options().ttl().toMillis());
    Filed filed =
        new Filed(attempt.tenant(), now, now, now + ttl, false, body.build().toByteArray(), about);
    rows.add(new Change.Put(Shelf.ANSWERS, attempt.id(), 0, now, filed.toBytes()));
    return () -> Union.join(vault.grid().shelf(Shelf.ANSWERS), attempt.id(), filed, Union::of);
  }

  @Override
  public void over() {
    attempt.ended();
  }
}
