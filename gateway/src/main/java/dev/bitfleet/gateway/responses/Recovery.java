package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dialect.responses.ResponsesDialect;
import io.vertx.core.Future;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does again what a node, or an earlier life of this one, acknowledged and did not finish. What has
 * been begun too often is marked as failed: it may be what ended those lives. Event loop only.
 */
final class Recovery {
  private static final Logger log = LoggerFactory.getLogger(Recovery.class);

  private final ResponseRuns runs;
  private final BackgroundQueue queue;
  private final ResponsesDialect dialect;
  private final ResponseLimits limits;

  Recovery(
      ResponseRuns runs, BackgroundQueue queue, ResponsesDialect dialect, ResponseLimits limits) {
    this.runs = runs;
    this.queue = queue;
    this.dialect = dialect;
    this.limits = limits;
  }

  /** Finds unfinished work that nobody does and lets it wait for its turn. Cheap where none is. */
  Future<Void> takeUp() {
    int most = queue.free();
    if (most == 0) {
      return Future.succeededFuture();
    }
    return runs.archive()
        .unfinished(most)
        .onSuccess(this::takeUp)
        .<Void>mapEmpty()
        .onFailure(why -> log.warn("unfinished responses could not be read", why));
  }

  private void takeUp(List<ResponseArchive.Unfinished> found) {
    if (!found.isEmpty()) {
      log.info("{} responses were interrupted and are taken up", found.size());
    }
    for (ResponseArchive.Unfinished work : found) {
      runs.insist(
          () -> takeUp(work),
          () -> {
            if (runs.find(work.owner()).isEmpty()) {
              // There was nothing to run, or it has ended already.
              work.right().release();
            }
          });
    }
  }

  /** Fails when it is to be tried again later. */
  private Future<Void> takeUp(ResponseArchive.Unfinished unfinished) {
    Owner owner = unfinished.owner();
    return runs.archive()
        .find(owner)
        .compose(
            document ->
                document.running() ? again(unfinished, document) : runs.archive().forgetWork(owner),
            why ->
                // Deleted, or expired: nobody waits for it.
                ResponseArchive.isGone(why)
                    ? runs.archive().forgetWork(owner)
                    : Future.failedFuture(why));
  }

  private Future<Void> again(ResponseArchive.Unfinished unfinished, ResponseDocument document) {
    Owner owner = unfinished.owner();
    PromisedWork work = unfinished.work();
    if (work.attempts() >= limits.backgroundAttempts()) {
      return giveUp(
          owner,
          document,
          "The server was interrupted " + work.attempts() + " times while it ran.");
    }
    ResponseCall call;
    try {
      call =
          dialect.read(
              work.request(),
              owner.id().substring(ResponseCall.ID_PREFIX.length()),
              work.created(),
              true);
    } catch (RuntimeException e) {
      // Written by a version that allowed what this one refuses.
      return giveUp(
          owner, document, "The server was interrupted, and cannot run the request any more.");
    }
    PromisedWork again = work.again();
    return runs.archive()
        .note(owner, again)
        .onSuccess(
            noted -> queue.enter(queue.add(owner, again, call, unfinished.right(), usage -> {})))
        // It was deleted, or called off, in this very moment.
        .recover(
            why ->
                ResponseArchive.isGone(why) ? Future.succeededFuture() : Future.failedFuture(why));
  }

  private Future<Void> giveUp(Owner owner, ResponseDocument document, String message) {
    log.warn("response {} is given up: {}", owner.id(), message);
    return runs.archive().settle(owner, document.failed(message));
  }
}
