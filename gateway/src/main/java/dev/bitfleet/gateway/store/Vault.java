package dev.bitfleet.gateway.store;

import com.hazelcast.aggregation.Aggregators;
import com.hazelcast.query.Predicates;
import dev.bitfleet.gateway.contract.ApiException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open store: the maps, the journal, and what both are held to. Blocks; virtual threads only.
 */
final class Vault implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Vault.class);

  /** Changes of one document follow each other within moments. */
  private static final Duration CHANGE_WAIT = Duration.ofSeconds(15);

  /** Rows that are forgotten with one write. */
  private static final int FORGET = 1000;

  private final StoreOptions options;
  private final Grid grid;
  private final Journal journal;
  private final Leases leases;
  private final StoreMetrics metrics;
  private @Nullable Care care;
  private @Nullable RollCall rollCall;
  private @Nullable Refill refill;
  private final Map<String, AtomicInteger> conversations = new ConcurrentHashMap<>();
  private final AtomicLong held = new AtomicLong();
  private final Unapplied unapplied = new Unapplied();

  private Vault(StoreOptions options, Grid grid, Journal journal, StoreMetrics metrics) {
    this.options = options;
    this.grid = grid;
    this.journal = journal;
    this.metrics = metrics;
    this.leases = new Leases(new GridLeases(grid));
  }

  /**
   * Opens the journal, starts a member where there is none yet, and fills the maps.
   *
   * @param cluster empty for a node that serves alone
   * @throws JournalException when the journal cannot be used
   */
  static Vault open(StoreOptions options, Optional<Membership> cluster, StoreMetrics metrics)
      throws JournalException, InterruptedException {
    long began = System.nanoTime();
    FutureTask<Grid> starting =
        new FutureTask<>(() -> cluster.map(Grid::on).orElseGet(Grid::start));
    Thread starter = Thread.ofPlatform().name("store-grid").daemon().start(starting);
    Replay replay = new Replay();
    Journal journal = null;
    Vault vault;
    try {
      journal =
          Journal.open(storage(options, cluster.isEmpty()), Replay.ORDER, replay::row, metrics);
      Grid grid = started(starting);
      List<Change> stale = replay.into(grid, System.currentTimeMillis());
      for (int from = 0; from < stale.size(); from += FORGET) {
        journal.write(stale.subList(from, Math.min(stale.size(), from + FORGET)));
      }
      vault = new Vault(options, grid, journal, metrics);
      Refill refill = new Refill(vault);
      vault.refill = refill;
      // Whoever has put back a journal that all have has put back what any of them kept.
      if (cluster.isPresent() && !journal.shared()) {
        vault.rollCall = RollCall.start(grid, refill::pending, options.folder(), cluster.get());
      }
      vault.care = Care.start(vault, refill);
    } catch (Throwable e) {
      // Whoever tries again finds neither the file locked nor a second member.
      letGo(journal, starter, starting);
      throw e;
    }
    log.info(
        "store open in {} ms: {} conversations, {} turns, {} other documents from {}",
        (System.nanoTime() - began) / 1_000_000,
        replay.conversations(),
        replay.turns(),
        replay.documents(),
        vault.journal().name());
    return vault;
  }

  private static JournalStorage storage(StoreOptions options, boolean alone)
      throws JournalException {
    if (options.database().isEmpty()) {
      return JournalFile.open(options.folder());
    }
    JournalTable table = JournalTable.open(options.database().get(), alone);
    try {
      JournalMove.fromFile(options.folder(), table);
    } catch (JournalException | RuntimeException e) {
      table.close();
      throw e;
    }
    return table;
  }

  private static Grid started(FutureTask<Grid> starting) throws InterruptedException {
    try {
      return starting.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the fleet's maps did not start", e.getCause());
    }
  }

  private static void letGo(@Nullable Journal journal, Thread starter, FutureTask<Grid> starting) {
    try {
      if (journal != null) {
        journal.close();
      }
    } finally {
      // It cannot be interrupted; who waits here may be.
      boolean interrupted = false;
      while (starter.isAlive()) {
        try {
          starter.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      if (starting.state() == FutureTask.State.SUCCESS) {
        starting.resultNow().close();
      }
    }
  }

  /**
   * Returns when everything that the fleet has kept is there.
   *
   * @throws ApiException when that takes too long
   */
  void awaitWhole() throws InterruptedException {
    if (rollCall != null) {
      rollCall.await();
    }
  }

  StoreOptions options() {
    return options;
  }

  Grid grid() {
    return grid;
  }

  Journal journal() {
    return journal;
  }

  Leases leases() {
    return leases;
  }

  /** Holds the documents of those ids against other changes, in all of the fleet. */
  List<Leases.Lease> hold(List<String> ids) {
    List<Leases.Lease> leased = new ArrayList<>();
    for (String id : ids.stream().sorted().distinct().toList()) {
      try {
        leased.add(
            leases
                .acquire(Leases.change(id), CHANGE_WAIT, Integer.MAX_VALUE / 2)
                .orElseThrow(StoreErrors::unavailable));
      } catch (RuntimeException e) {
        Leases.giveBack(leased);
        throw e;
      }
    }
    return leased;
  }

  /** Waits until the changes are durable. */
  void journal(List<Change> changes) {
    try {
      journal.write(changes).join();
    } catch (CompletionException e) {
      if (!(e.getCause() instanceof JournalException cause && cause.uncertain())) {
        throw StoreErrors.unavailable();
      }
      if (!cause.passing()) {
        throw StoreErrors.uncertain();
      }
      // The maps have what the journal has: that is looked up as soon as it can be.
      if (refill != null) {
        refill.doubt();
      }
      throw StoreErrors.undecided();
    }
  }

  /**
   * Does to the maps what is on the disk. What fails is not forgotten: it is done before anything
   * else is changed, so that the maps never show a later change without an earlier one.
   *
   * @throws ApiException when it is yet to be done
   */
  void apply(List<Runnable> changes) {
    for (int i = 0; i < changes.size(); i++) {
      try {
        changes.get(i).run();
      } catch (RuntimeException e) {
        log.warn(
            "a change that is on the disk could not be put into the maps; it is tried again", e);
        unapplied.add(changes.subList(i, changes.size()));
        throw StoreErrors.unapplied();
      }
    }
  }

  /**
   * Does to the maps what could not be done when it came.
   *
   * @throws ApiException when it still cannot be done
   */
  void catchUp() {
    unapplied.run();
  }

  /**
   * Takes so many bytes of what this node may hold.
   *
   * @throws ApiException when there are no more
   */
  void take(long bytes) {
    // In one step: those who come together must not all see the same room.
    if (held.addAndGet(bytes) > options.totalBytes()) {
      held.addAndGet(-bytes);
      throw StoreErrors.full();
    }
  }

  /** Counts anew what is held. */
  void weigh() {
    long bytes = grid.bytes();
    held.set(bytes);
    metrics.holds(bytes);
  }

  /**
   * One more conversation of a tenant. Nodes count for themselves and look around now and then, so
   * the limit is kept roughly.
   *
   * @throws ApiException when there are too many
   */
  void another(String tenant) {
    AtomicInteger count =
        conversations.computeIfAbsent(tenant, name -> new AtomicInteger(count(name)));
    if (count.get() >= options.conversationsPerTenant()) {
      throw StoreErrors.tooManyConversations(options.conversationsPerTenant());
    }
    count.incrementAndGet();
  }

  /** One less. */
  void oneLess(String tenant) {
    AtomicInteger count = conversations.get(tenant);
    if (count != null) {
      count.decrementAndGet();
    }
  }

  /** Forgets what was counted. */
  void recount() {
    conversations.clear();
  }

  private int count(String tenant) {
    Long count =
        grid.shelf(Shelf.CONVERSATIONS)
            .aggregate(
                Aggregators.count(),
                Predicates.and(
                    Predicates.equal(FiledSerializer.TENANT, tenant),
                    Predicates.equal(FiledSerializer.DELETED, false)));
    return Math.toIntExact(count);
  }

  /** Acknowledges nothing more, finishes what was begun, and lets go. */
  @Override
  public void close() {
    if (rollCall != null) {
      rollCall.close();
    }
    if (care != null) {
      care.close();
    }
    journal.close();
    grid.close();
  }
}
