package dev.bitfleet.gateway.routing;

import dev.bitfleet.proto.PromptChain;
import dev.bitfleet.proto.SplitMix64;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Chooses a worker. Pure: the same view gives the same choice, so gateways agree without asking one
 * another as far as their views do.
 *
 * <p>A conversation's next turn goes to the worker that has the turn before, as long as that has a
 * free slot. Everything else goes by work: what a worker has before it, and what this prompt would
 * add there, which is less where its beginning is held. Not all workers are compared, but a few
 * that the prompt itself points to (rendezvous hashing, Thaler and Ravishankar 1998): gateways know
 * one another's requests only from the last heartbeats, and would otherwise all fall upon the
 * worker that was idle then (the power of a few choices under stale information, Mitzenmacher
 * 2000). Since a conversation points to the same few everywhere, its second turn mostly meets the
 * first even before a heartbeat has told of it.
 */
public final class Router {
  /**
   * What a worker with all slots taken has before it, in UTF-16 units of prompt. Decoding shares
   * its steps, so a running sequence costs a newcomer as much as reading some hundred tokens would.
   */
  private static final long FULL = 4096;

  /** A prompt of fewer UTF-16 units is computed faster than it would be worth a hop. */
  private static final int WORTH_KEEPING = 512;

  /** Who saves so many UTF-16 units is compared wherever it is. */
  private static final int WORTH_A_LOOK = 2048;

  private static final int FEWEST_COMPARED = 3;

  private record Candidate(
      WorkerView worker,
      boolean full,
      boolean next,
      int saved,
      long work,
      boolean near,
      long order) {

    static Candidate of(WorkerView worker, RouteWish wish) {
      int slots = Math.max(1, worker.heartbeat().slots());
      PromptChain prompt = wish.prompt();
      OptionalInt held = prompt.deepest(worker.heartbeat().prefixes()::mayHold);
      int saved = held.isPresent() ? prompt.end(held.getAsInt()) : 0;
      boolean next =
          held.isPresent()
              && prompt.turnBefore().isPresent()
              && held.getAsInt() >= prompt.turnBefore().getAsInt();
      boolean kept = prompt.length() >= WORTH_KEEPING && prompt.size() > 0;
      return new Candidate(
          worker,
          worker.outstanding() >= slots,
          next,
          saved,
          worker.outstanding() * FULL / slots + prompt.length() - saved,
          !kept && worker.heartbeat().nodeId().equals(wish.node()),
          SplitMix64.mixed(
              (kept ? prompt.key() : wish.node().hashCode())
                  ^ SplitMix64.mixed(worker.id().hashCode())));
    }
  }

  private static final Comparator<Candidate> POINTED_TO =
      Comparator.comparing((Candidate each) -> !each.near())
          .thenComparingLong(Candidate::order)
          .thenComparing(each -> each.worker().id());

  private static final Comparator<Candidate> BEST =
      Comparator.comparing(Candidate::full)
          .thenComparing(each -> !each.next())
          .thenComparingLong(Candidate::work)
          .thenComparing(each -> -each.worker().heartbeat().slots())
          .thenComparing(POINTED_TO);

  private Router() {}

  /**
   * The ready worker that serves the model best: one that has it as its own id before one that has
   * it as an alias. One whose slots are all taken comes last.
   */
  public static Optional<WorkerView> choose(Collection<WorkerView> workers, RouteWish wish) {
    List<Candidate> able =
        workers.stream()
            .filter(WorkerView::ready)
            .filter(worker -> worker.answersTo(wish.model()))
            .filter(worker -> !wish.excluded().contains(worker.id()))
            .map(worker -> Candidate.of(worker, wish))
            .toList();
    List<Candidate> own = able.stream().filter(each -> each.worker().serves(wish.model())).toList();
    return best(own.isEmpty() ? able : own).map(Candidate::worker);
  }

  private static Optional<Candidate> best(List<Candidate> able) {
    int compared = Math.max(FEWEST_COMPARED, (int) Math.ceil(Math.sqrt(able.size())));
    Stream<Candidate> pointedTo = able.stream().sorted(POINTED_TO).limit(compared);
    Stream<Candidate> holders =
        able.stream().filter(each -> each.next() || each.saved() >= WORTH_A_LOOK);
    return Stream.concat(pointedTo, holders)
        .min(BEST)
        .filter(each -> !each.full())
        .or(() -> able.stream().min(BEST));
  }
}
