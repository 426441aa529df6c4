package dev.bitfleet.gateway.responses;

import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/**
 * What has been promised of a run: that it is said to its end, elsewhere if not here, and that it
 * says the same there. Event loop only.
 */
final class RunPromise {
  private final ResponseArchive archive;
  private final Owner owner;
  private final Optional<PromisedWork> work;
  private Future<Void> kept = Future.succeededFuture();
  private boolean given;
  private SeenHistory seen;

  /**
   * @param work of one that was promised before
   */
  RunPromise(ResponseArchive archive, Owner owner, Optional<PromisedWork> work) {
    this.archive = archive;
    this.owner = owner;
    this.work = work;
    this.given = work.isPresent();
    this.seen = toBeRead().orElse(SeenHistory.NOTHING);
  }

  boolean given() {
    return given;
  }

  /** It is being kept. */
  void give(Future<Void> keeping) {
    kept = keeping.onSuccess(done -> given = true);
  }

  /** Succeeds when what there is of it has been kept; not at all where that failed. */
  Future<Void> kept() {
    return kept;
  }

  /** What an earlier life had read, and this one must. */
  Optional<SeenHistory> toBeRead() {
    return work.flatMap(PromisedWork::seen);
  }

  /** What has been read. */
  SeenHistory seen() {
    return seen;
  }

  /**
   * It is about to be answered. Of what was promised before it was read, what has been read is kept
   * before anything of the answer can be told; anything else is promised after this.
   *
   * @param dropped messages that were left out of the context
   */
  Future<Void> read(ContextReader.Context context, int dropped) {
    if (toBeRead().isPresent()) {
      return seen.dropped() == dropped
          ? Future.succeededFuture()
          : Future.failedFuture(SeenHistory.fitsDifferently());
    }
    seen = SeenHistory.of(context.earlier().conversation().orElse(List.of()), dropped);
    // What only continues responses finds them again as they are, or not at all.
    return work.isPresent() && (context.earlier().conversation().isPresent() || dropped > 0)
        ? archive.note(owner, work.get().after(seen))
        : Future.succeededFuture();
  }
}
