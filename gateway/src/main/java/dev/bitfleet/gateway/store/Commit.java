package dev.bitfleet.gateway.store;

import io.vertx.core.Future;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Changes that are kept together or not at all. Filled, then run once; one thread.
 *
 * <p>When {@link #run} has succeeded, they are on this node's disk, in the maps and in their
 * backup. The order is that: journal, maps, answer. A process that dies in between has kept a
 * change that nobody was told of; it never has told of one that is lost. When it has failed,
 * nothing has changed, but for what {@link StoreErrors#unapplied} and {@link StoreErrors#uncertain}
 * say of themselves.
 *
 * <p>Turns and attempts that it was given are its own from {@link #run} on: they end when it is
 * over, however. Who released them meanwhile would let a second one begin while the first may still
 * be kept.
 */
public final class Commit {
  private static final int HASH_BYTES = 8;

  private final OffLoop offLoop;
  private final EventLogs events;
  private final String tenant;
  private final List<Part> parts = new ArrayList<>();
  private final List<Appending> appending = new ArrayList<>();
  private @Nullable Answered answered;

  private record Appending(Turn turn, String name, List<ObjectNode> items) {}

  private record Answered(Attempt.Fresh attempt, StoredAnswer answer) {}

  Commit(OffLoop offLoop, EventLogs events, String tenant) {
    this.offLoop = offLoop;
    this.events = events;
    this.tenant = tenant;
  }

  /** Creates or replaces a document. */
  public Commit put(Documents shelf, String id, byte[] body) {
    return put(shelf, id, () -> body);
  }

  /**
   * Creates or replaces a document.
   *
   * @param body called on a virtual thread: a large document is not to be written on an event loop
   */
  public Commit put(Documents shelf, String id, Supplier<byte[]> body) {
    return put(shelf, id, body, there -> true);
  }

  /**
   * Creates or replaces a document, unless what is there is not to be replaced: that is refused as
   * if it were gone.
   *
   * @param body called on a virtual thread: a large document is not to be written on an event loop
   * @param replaceable whether what is there may be replaced; called on a virtual thread
   */
  public Commit put(
      Documents shelf, String id, Supplier<byte[]> body, Predicate<byte[]> replaceable) {
    parts.add(new DocumentParts.Put(shelf.shelf(), tenant, id, body, replaceable, true));
    return this;
  }

  /**
   * Replaces a document by its end, for which there is always room.
   *
   * @param replaceable as above
   */
  public Commit end(Documents shelf, String id, byte[] body, Predicate<byte[]> replaceable) {
    parts.add(new DocumentParts.Put(shelf.shelf(), tenant, id, () -> body, replaceable, false));
    return this;
  }

  /** Removes a document; 404 for what is not the tenant's. */
  public Commit delete(Documents shelf, String id) {
    parts.add(new DocumentParts.Remove(shelf.shelf(), tenant, id, true));
    return this;
  }

  /** Removes a document; one that is not there is fine. */
  public Commit remove(Documents shelf, String id) {
    parts.add(new DocumentParts.Remove(shelf.shelf(), tenant, id, false));
    return this;
  }

  /** Ends a turn: the items go to the end of its conversation. They have ids. */
  public Commit append(Turn turn, List<ObjectNode> items) {
    return append(turn, UUID.randomUUID().toString(), items);
  }

  /**
   * The same of what may be carried out again elsewhere.
   *
   * @param name of what is appended: the conversation has two of one name once
   */
  public Commit append(Turn turn, String name, List<ObjectNode> items) {
    appending.add(new Appending(turn, name, items));
    return this;
  }

  /** Makes a conversation. */
  public Commit create(String conversationId, ObjectNode metadata, List<ObjectNode> items) {
    parts.add(new ConversationParts.Create(tenant, conversationId, metadata, items));
    return this;
  }

  /** Keeps what repeats of the request get, as long as nothing of this change is deleted. */
  public Commit answer(Attempt.Fresh attempt, StoredAnswer answer) {
    answered = new Answered(attempt, answer);
    return this;
  }

  /** Takes back what repeats were to get that is about this: they are carried out anew. */
  public Commit withdrawAnswers(String about) {
    parts.add(new WithdrawnAnswers(tenant, about));
    return this;
  }

  /** Ends the event log of a response and keeps it, as long as a response. */
  public Commit seal(String responseId) {
    parts.add(events.seal(tenant, responseId));
    return this;
  }

  /** Carries it out. */
  public Future<Void> run() {
    List<Part> all = new ArrayList<>();
    Answered known = answered;
    for (int i = 0; i < appending.size(); i++) {
      Turn turn = appending.get(i).turn();
      all.add(
          new ConversationParts.Append(
              tenant,
              turn.conversationId(),
              turnId(known, i, appending.get(i).name()),
              appending.get(i).items(),
              turn));
    }
    all.addAll(parts);
    if (known != null) {
      List<String> about =
          all.stream().flatMap(part -> part.tellsOf().stream()).distinct().toList();
      all.add(new AnswerPart(known.attempt(), known.answer(), about));
    }
    all.forEach(Part::taken);
    // It may have to wait, and its client to ask elsewhere meanwhile: what is done there is later.
    long asked = System.currentTimeMillis();
    return offLoop.run(
        vault -> {
          carryOut(vault, asked, all);
        });
  }

  /**
   * The name of what is appended. A request that can be known again gives it the same one wherever
   * it is carried out: where two nodes that could not know of each other have done so, or one that
   * died and one after it, the conversation has it once all the same. It is of the whole request: a
   * key that comes again after its answer was forgotten may be another request's.
   */
  private static String turnId(@Nullable Answered known, int number, String name) {
    return known == null || !known.attempt().keyed()
        ? name
        : known.attempt().id() + "-" + hash(known.attempt().fingerprint()) + "-" + number;
  }

  private static String hash(byte[] request) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(request);
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The same of what is asked for now. */
  static void carryOut(Vault vault, List<Part> parts) {
    carryOut(vault, System.currentTimeMillis(), parts);
  }

  private static void carryOut(Vault vault, long asked, List<Part> parts) {
    try {
      held(vault, asked, parts);
    } finally {
      parts.forEach(Part::over);
    }
  }

  private static void held(Vault vault, long asked, List<Part> parts) {
    List<Leases.Lease> held =
        vault.hold(parts.stream().flatMap(part -> part.ids().stream()).toList());
    try {
      vault.catchUp();
      List<Change> rows = new ArrayList<>();
      List<Runnable> applying = new ArrayList<>();
      for (Part part : parts) {
        applying.add(part.prepare(vault, asked, rows));
      }
      long bytes = 0;
      for (Change row : rows) {
        if (row instanceof Change.Put put && put.shelf() != Shelf.CONVERSATIONS) {
          bytes += put.value().length;
        }
      }
      if (parts.stream().anyMatch(Part::grows)) {
        vault.take(bytes);
      }
      vault.journal(rows);
      vault.apply(applying);
    } finally {
      Leases.giveBack(held);
    }
  }
}
