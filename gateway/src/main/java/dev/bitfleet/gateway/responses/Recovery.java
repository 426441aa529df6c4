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
                log.info("{} background responses were interrupted and are run again", old.size());
              }
              old.forEach(this::again);
              return Future.<Void>succeededFuture();
            })
        .onFailure(why -> log.error("unfinished background responses could not be read", why));
  }

  private void again(ResponseArchive.Unfinished unfinished) {
    Owner owner = unfinished.owner();
    BackgroundWork work = unfinished.work();
    if (work.attempts() >= limits.backgroundAttempts()) {
      giveUp(owner, "The server was interrupted " + work.attempts() + " times while it ran.");
      return;
    }
    ResponseCall call;
    try {
      call =
          dialect.read(
              work.request(),
              owner.id().substring(ResponseCall.ID_PREFIX.length()),
              work.created());
    } catch (RuntimeException e) {
      // Written by a version that allowed what this one refuses.
      giveUp(owner, "The server was interrupted, and cannot run the request any more.");
      return;
    }
    ResponseRun run = queue.add(owner, work.scope(), call, usage -> {});
    runs.archive()
        .again(owner, work.again())
        .onComplete(
            noted -> queue.enter(run),
            why -> {
              log.error("background response {} cannot be run again", owner.id(), why);
              run.drop();
            });
  }

  private void giveUp(Owner owner, String message) {
    log.warn("background response {} is given up: {}", owner.id(), message);
    runs.archive()
        .giveUp(owner, message)
        .onFailure(why -> log.error("background response {} stays unfinished", owner.id(), why));
  }
}
