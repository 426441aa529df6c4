package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dialect.responses.ResponsesDialect;
import io.vertx.core.Future;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does again what an earlier life of this server acknowledged and did not finish. What has been
 * begun too often is marked as failed: it may be what ended those lives. Event loop only.
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

  /** Finds unfinished work and lets it wait for its turn. */
  Future<Void> start() {
    return runs.archive()
        .unfinished()
        .compose(
            found -> {
              List<ResponseArchive.Unfinished> old =
                  found.stream().filter(work -> runs.find(work.owner()).isEmpty()).toList();
              if (!old.isEmpty()) {
                log.info("{} background responses were interrupted and are taken up", old.size());
              }
              old.forEach(work -> runs.insist(() -> takeUp(work), () -> {}));
              return Future.<Void>succeededFuture();
            })
        .onFailure(why -> log.error("unfinished background responses could not be read", why));
  }

  /** Fails when it is to be tried again later. */
  private Future<Void> takeUp(ResponseArchive.Unfinished unfinished) {
    Owner owner = unfinished.owner();
    return runs.archive()
        .find(owner)
        .compose(
            document ->
                document.running()
                    ? again(owner, unfinished.work(), document)
                    : runs.archive().forgetWork(owner),
            why ->
                // Deleted, or expired: nobody waits for it.
                ResponseArchive.isGone(why)
                    ? runs.archive().forgetWork(owner)
                    : Future.failedFuture(why));
  }

  private Future<Void> again(Owner owner, BackgroundWork work, ResponseDocument document) {
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
    return runs.archive()
        .again(owner, work.again())
        .onSuccess(noted -> queue.enter(queue.add(owner, work.scope(), call, usage -> {})))
        // It was deleted, or called off, in this very moment.
        .recover(
            why ->
                ResponseArchive.isGone(why) ? Future.succeededFuture() : Future.failedFuture(why));
  }

  private Future<Void> giveUp(Owner owner, ResponseDocument document, String message) {
    log.warn("background response {} is given up: {}", owner.id(), message);
    return runs.archive().settle(owner, document.failed(message));
  }
}
