package dev.bitfleet.gateway.routing;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Chooses a worker. Pure: the same view gives the same choice. */
public final class Router {
  /**
   * The smaller share of its slots taken, the better; cross-multiplied so that no rounding decides.
   * Then the larger worker, then the id.
   */
  private static final Comparator<WorkerView> LEAST_BUSY =
      ((Comparator<WorkerView>)
              (a, b) ->
                  Long.compare(
                      (long) a.outstanding() * Math.max(1, b.heartbeat().slots()),
                      (long) b.outstanding() * Math.max(1, a.heartbeat().slots())))
          .thenComparing(w -> -w.heartbeat().slots())
          .thenComparing(WorkerView::id);

  private Router() {}

  /**
   * The least busy ready worker that serves the model: one that has it as its own id before one
   * that has it as an alias.
   *
   * @param excluded ids that have been tried already
   */
  public static Optional<WorkerView> choose(
      Collection<WorkerView> workers, String model, Set<String> excluded) {
    List<WorkerView> able =
        workers.stream()
            .filter(WorkerView::ready)
            .filter(worker -> worker.answersTo(model))
            .filter(worker -> !excluded.contains(worker.id()))
            .toList();
    return able.stream()
        .filter(worker -> worker.serves(model))
        .min(LEAST_BUSY)
        .or(() -> able.stream().min(LEAST_BUSY));
  }
}
