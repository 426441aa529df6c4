package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.items.Items;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.operations.Claim;
import dev.bitfleet.gateway.store.Commit;
import dev.bitfleet.gateway.store.Document;
import dev.bitfleet.gateway.store.EventLog;
import dev.bitfleet.gateway.store.Follower;
import dev.bitfleet.gateway.store.Promises;
import dev.bitfleet.gateway.store.Right;
import dev.bitfleet.gateway.store.Store;
import dev.bitfleet.gateway.store.StoredAnswer;
import dev.bitfleet.gateway.store.Subscription;
import dev.bitfleet.gateway.store.Turn;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/** What responses ask of the store, in their own words. Event loop only. */
final class ResponseArchive {
  private final Store store;

  ResponseArchive(Store store) {
    this.store = store;
  }

  /** Acknowledged work that nobody did, and the right to do it. */
  record Unfinished(Owner owner, PromisedWork work, Right right) {}

  /** Fails with 404 when there is none, or not for that tenant. */
  Future<ResponseDocument> find(Owner owner) {
    return read(owner, document -> document);
  }

  /**
   * The same, and what is to be made of it.
   *
   * @param reading called on a virtual thread: a large response is not to be written on the event
   *     loop
   */
  <T> Future<T> read(Owner owner, Function<ResponseDocument, T> reading) {
    return store
        .responses()
        .read(
            owner.tenant(),
            owner.id(),
            document -> reading.apply(ResponseDocument.read(document.body())));
  }

  /**
   * The same of one that is continued, which is needed for as long as that is; as a {@linkplain
   * ResponseDocument#link link}.
   */
  Future<ResponseDocument> use(Owner owner) {
    return store
        .responses()
        .use(owner.tenant(), owner.id(), document -> ResponseDocument.read(document.body()).link());
  }

  /** Deletes a response, and the work that it may still be. 404 when there is none. */
  Future<Void> delete(Owner owner) {
    return store
        .commit(owner.tenant())
        .delete(store.responses(), owner.id())
        .remove(store.pending(), owner.id())
        .run();
  }

  /** Whether that says that there is no such response, or not any more. */
  static boolean isGone(Throwable why) {
    return why instanceof ApiException refusal
        && refusal.error().code().equals("response_not_found");
  }

  /** Keeps a response that has not ended, and the work that it is. */
  Future<Void> promise(
      Owner owner, ResponseDocument begun, PromisedWork work, Optional<Replay> replay) {
    Commit commit =
        store
            .commit(owner.tenant())
            .put(store.responses(), owner.id(), begun.bytes())
            .put(store.pending(), owner.id(), work.bytes());
    replay.ifPresent(repeat -> repeat.claim().keep(commit, repeat.answer()));
    return commit.run();
  }

  /**
   * Keeps how acknowledged work ended, without what else belongs to it. Where there is no room for
   * its output it is kept without that, which a full store takes too. Of a response that is gone,
   * or has ended already, the work goes as well.
   */
  Future<Void> settle(Owner owner, ResponseDocument ended) {
    return store
        .commit(owner.tenant())
        .put(store.responses(), owner.id(), ended::bytes, ResponseArchive::goesOn)
        .remove(store.pending(), owner.id())
        .run()
        .recover(
            why ->
                isGone(why)
                    ? forgetWork(owner)
                    : store
                        .commit(owner.tenant())
                        .end(
                            store.responses(),
                            owner.id(),
                            ended.withoutOutput().bytes(),
                            ResponseArchive::goesOn)
                        .remove(store.pending(), owner.id())
                        .run());
  }

  /** What has ended has been told of, and stays as it is: another node may have ended it. */
  private static boolean goesOn(byte[] there) {
    return ResponseDocument.read(there).running();
  }

  /** There is nothing to be done any more. */
  Future<Void> forgetWork(Owner owner) {
    return store.commit(owner.tenant()).remove(store.pending(), owner.id()).run();
  }

  /** Notes how far work has come. That is refused as gone when it has ended, or been taken over. */
  Future<Void> note(Owner owner, PromisedWork work) {
    return store
        .commit(owner.tenant())
        .put(
            store.pending(),
            owner.id(),
            work::bytes,
            there -> PromisedWork.read(there).attempts() <= work.attempts())
        .run();
  }

  /** The right to run a promised response; empty when somebody has it. */
  Future<Optional<Right>> claim(Owner owner) {
    return store.promises().claim(owner.id());
  }

  /** The right to run a response whose id is new. */
  Future<Right> claimFresh(Owner owner) {
    return claim(owner)
        .map(right -> right.orElseThrow(() -> new IllegalStateException("a fresh id is taken")));
  }

  /**
   * Claims acknowledged work that nobody does.
   *
   * @param most of it
   */
  Future<List<Unfinished>> unfinished(int most) {
    return store
        .promises()
        .unclaimed(most)
        .map(found -> found.stream().map(ResponseArchive::unfinished).toList());
  }

  private static Unfinished unfinished(Promises.Claimed claimed) {
    Document document = claimed.work().document();
    return new Unfinished(
        new Owner(claimed.work().tenant(), document.id()),
        PromisedWork.read(document.body()),
        claimed.right());
  }

  /**
   * Keeps how a response ended, with all that belongs to it, in one step. One that has been ended
   * elsewhere is refused as gone.
   *
   * @param promised whether it was, so that the work goes
   * @param items appended to the turn's conversation
   */
  Future<Void> keep(
      Owner owner,
      ResponseDocument ended,
      boolean promised,
      Optional<Turn> turn,
      List<ObjectNode> items,
      Optional<Replay> replay,
      boolean events) {
    Commit commit = store.commit(owner.tenant());
    commit.put(store.responses(), owner.id(), ended::bytes, ResponseArchive::goesOn);
    if (promised) {
      commit.remove(store.pending(), owner.id());
    }
    if (promised && !ended.background() && !ended.answered()) {
      // What failed or was called off is not what a repeat asks for.
      commit.withdrawAnswers(owner.id());
    }
    turn.ifPresent(held -> commit.append(held, owner.id(), items));
    replay.ifPresent(repeat -> repeat.claim().keep(commit, repeat.answer()));
    if (events) {
      commit.seal(owner.id());
    }
    return commit.run();
  }

  /** What a repeat of the request will get. */
  record Replay(Claim claim, Supplier<StoredAnswer> answer) {}

  /** Appends the turn alone, of a response that is not kept. */
  Future<Void> append(Owner owner, Turn turn, List<ObjectNode> items, Optional<Replay> replay) {
    Commit commit = store.commit(owner.tenant()).append(turn, items);
    replay.ifPresent(repeat -> repeat.claim().keep(commit, repeat.answer()));
    return commit.run();
  }

  /** Bytes of JSON that a response may have to be kept. */
  int mostBytes() {
    return store.bytesPerDocument();
  }

  EventLog log(Owner owner) {
    return store.events().open(owner.tenant(), owner.id());
  }

  Future<Subscription> follow(Owner owner, int from, Follower follower) {
    return store.events().follow(owner.tenant(), owner.id(), from, follower);
  }

  /** Waits until it is this turn's turn. */
  Future<Turn> turn(String tenant, String conversation) {
    return store.conversations().beginUnseen(tenant, conversation);
  }

  /** Fails with 404 when there is no such conversation for that tenant. */
  Future<Void> conversation(String tenant, String id) {
    return store.conversations().find(tenant, id).mapEmpty();
  }

  Future<List<ObjectNode>> conversationItems(String tenant, String id) {
    return store.conversations().items(tenant, id);
  }

  /** Those of a conversation's items that are wanted and there. */
  Future<List<ObjectNode>> conversationItems(
      String tenant, String conversation, Set<String> wanted) {
    return store.conversations().items(tenant, conversation, Set.copyOf(wanted));
  }

  /** Those of a response's items that are wanted and there, without what the model is not told. */
  Future<List<ObjectNode>> items(Owner owner, Set<String> wanted) {
    Set<String> ids = Set.copyOf(wanted);
    return read(
        owner,
        document ->
            document.link().items().stream()
                .filter(item -> ids.contains(Items.idOf(item)))
                .map(ObjectNode.class::cast)
                .toList());
  }

  /** The owner of the response whose item that would be. */
  static Owner ownerOf(String tenant, String digits) {
    return new Owner(tenant, ResponseCall.ID_PREFIX + digits);
  }
}
