package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.operations.Claim;
import dev.bitfleet.gateway.store.Right;
import dev.bitfleet.gateway.store.StoredAnswer;
import io.vertx.core.Future;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What makes a stream outlive its gateway: before its client hears the response's id, the response
 * is kept as one that goes on, with all it takes to run it again, and so is what repeats of the
 * request get. Any node then knows it, and takes it up when this one has gone. Event loop only.
 */
final class StreamPromise {
  private final ResponseArchive archive;
  private final Claim claim;
  private final PromisedWork work;
  private @Nullable Right right;
  private boolean over;

  StreamPromise(ResponseArchive archive, Claim claim, PromisedWork work) {
    this.archive = archive;
    this.claim = claim;
    this.work = work;
  }

  /** Gives it. Fails when it cannot be kept: then nobody may be told of the response. */
  Future<Void> give(ResponseRun run) {
    Owner owner = run.owner();
    ResponseDocument begun = ResponseDocument.of(run.state(), run.input());
    ResponseArchive.Replay replay =
        new ResponseArchive.Replay(claim, () -> StoredAnswer.eventsOf(owner.id()));
    return archive
        .claimFresh(owner)
        .compose(
            claimed -> {
              hold(claimed);
              return archive.promise(
                  owner, begun, work.after(run.promise().seen()), Optional.of(replay));
            });
  }

  private void hold(Right claimed) {
    right = claimed;
    if (over) {
      claimed.release();
    }
  }

  /** Nothing more is kept of it from here. */
  void over() {
    over = true;
    if (right != null) {
      right.release();
    }
  }
}
