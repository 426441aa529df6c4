package dev.bitfleet.gateway.dispatch;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What workers have been asked and have not answered. One that is known to be gone will not:
 * whoever asked is told so at once, and not after the time that an answer may take. Event loop of
 * the gateway's verticle.
 */
final class Unanswered {
  private final Map<String, Set<Promise<?>>> byWorker = new HashMap<>();

  /** The same reply, or the failure that the worker was lost. */
  <T> Future<T> of(String workerId, Future<T> reply) {
    Promise<T> first = Promise.promise();
    byWorker.computeIfAbsent(workerId, id -> new LinkedHashSet<>()).add(first);
    reply.onComplete(
        answered -> {
          answer(workerId, first);
          first.tryComplete(answered);
        },
        problem -> {
          answer(workerId, first);
          first.tryFail(problem);
        });
    return first.future();
  }

  private void answer(String workerId, Promise<?> first) {
    byWorker.computeIfPresent(
        workerId,
        (id, open) -> {
          open.remove(first);
          return open.isEmpty() ? null : open;
        });
  }

  /** That worker answers nothing any more. */
  void lost(String workerId) {
    Set<Promise<?>> open = byWorker.remove(workerId);
    if (open != null) {
      List.copyOf(open).forEach(each -> each.tryFail("the worker " + workerId + " was lost"));
    }
  }
}
