package dev.bitfleet.gateway.routing;

import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The fleet, as its heartbeats describe it. Owned by one thread. Time is nanoseconds of any
 * monotonic clock, as long as it is always the same one.
 *
 * <p>A heartbeat's count of open sequences includes this gateway's own streams as they were when it
 * was sent. What is above our own count is taken to be another gateway's, and is kept apart ({@link
 * WorkerView#foreign}): our own count is exact at every moment, the heartbeat's is up to a second
 * old.
 */
public final class FleetView {
  /** Silence after which a worker is taken for dead: three heartbeats and some jitter. */
  public static final Duration STALE_AFTER = Duration.ofMillis(3500);

  /** What generates before what does not, then by rank, then by name. */
  private static final Comparator<ModelDescription> DEFAULT_FIRST =
      Comparator.comparing((ModelDescription model) -> !generates(model))
          .thenComparingInt(ModelDescription::rank)
          .thenComparing(ModelDescription::id);

  /** Whoever lives has been heard by then: a heartbeat and some jitter. */
  private static final long ALL_HEARD_NANOS = Duration.ofMillis(1500).toNanos();

  /** How long a model is waited for whose workers have fallen silent. */
  private static final long MISSED_NANOS = Duration.ofMinutes(1).toNanos();

  private final NavigableMap<String, WorkerView> workers = new TreeMap<>();

  /** Those that have fallen silent without saying that they go, by id. */
  private final Map<String, Missed> missed = new HashMap<>();

  private final long staleNanos;
  private @Nullable Long listeningSince;

  /** Whether everybody who lives has had the time to be heard. */
  private boolean allHeard;

  private record Missed(WorkerView worker, long since) {}

  public FleetView(Duration staleAfter) {
    staleNanos = staleAfter.toNanos();
  }

  /**
   * Takes a heartbeat in.
   *
   * @return how many engine restarts it newly reports; empty when it was dropped: too old, or of
   *     another protocol
   */
  public OptionalLong hear(WorkerHeartbeat heartbeat, long now) {
    if (heartbeat.protocol().major() != ProtocolVersion.FLEET.major()) {
      return OptionalLong.empty();
    }
    WorkerView known = workers.get(heartbeat.workerId());
    if (known != null && heartbeat.number() <= known.heartbeat().number()) {
      return OptionalLong.empty();
    }
    missed.remove(heartbeat.workerId());
    int inFlight = known == null ? 0 : known.inFlight();
    int foreign = Math.max(0, heartbeat.openSequences() - inFlight);
    workers.put(heartbeat.workerId(), new WorkerView(heartbeat, now, inFlight, foreign));
    return OptionalLong.of(
        known == null
            ? 0
            : Math.max(0, heartbeat.engineRestarts() - known.heartbeat().engineRestarts()));
  }

  /**
   * Forgets the workers that have been silent too long and returns their ids. To be called now and
   * then from the beginning on: until everybody has had the time to be heard, a model nobody serves
   * is one that may still come.
   */
  public List<String> expire(long now) {
    if (listeningSince == null) {
      listeningSince = now;
    }
    allHeard |= now - listeningSince > ALL_HEARD_NANOS;
    missed.values().removeIf(each -> now - each.since() > MISSED_NANOS);
    return forget(worker -> now - worker.heardNanos() > staleNanos, now);
  }

  /** Forgets the workers of a node that has gone and returns their ids. */
  public List<String> left(String nodeId, long now) {
    return forget(worker -> worker.heartbeat().nodeId().equals(nodeId), now);
  }

  private List<String> forget(Predicate<WorkerView> which, long now) {
    List<WorkerView> lost = workers.values().stream().filter(which).toList();
    for (WorkerView worker : lost) {
      workers.remove(worker.id());
      if (able(worker)) {
        missed.put(worker.id(), new Missed(worker, now));
      }
    }
    return lost.stream().map(WorkerView::id).toList();
  }

  /** Notes that this gateway has opened a stream there. */
  public void opened(String workerId) {
    workers.computeIfPresent(workerId, (id, w) -> w.withInFlight(w.inFlight() + 1));
  }

  /** Notes that a stream of this gateway has ended there. */
  public void closed(String workerId) {
    workers.computeIfPresent(workerId, (id, w) -> w.withInFlight(Math.max(0, w.inFlight() - 1)));
  }

  /** All workers, by id. */
  public Collection<WorkerView> workers() {
    return Collections.unmodifiableCollection(workers.values());
  }

  /**
   * The models that can be served now or as soon as one is asked for, each once, the default one
   * first: clients that are told of no model take the first that is listed.
   */
  public List<ModelDescription> models() {
    NavigableMap<String, ModelDescription> models = new TreeMap<>();
    for (WorkerView worker : workers.values()) {
      if (worker.ready() || worker.idle() || worker.waking()) {
        worker.heartbeat().model().ifPresent(model -> models.putIfAbsent(model.id(), model));
      }
    }
    return models.values().stream().sorted(DEFAULT_FIRST).toList();
  }

  /** Whether that model is in memory, and not to be loaded again first. */
  public boolean loaded(String model) {
    return workers.values().stream().anyMatch(each -> each.ready() && each.serves(model));
  }

  /**
   * The model a wish means, of those that can be served now or as soon as one is asked for. An
   * alias stands for the model behind it, unless somebody serves under that very id.
   *
   * @param suits what a model must be good for to be had by a wish that names none; one that is
   *     named is had as it is
   * @return empty when there is none, or the named one is not there
   */
  public Optional<ModelDescription> described(ModelWish wish, Predicate<ModelDescription> suits) {
    if (wish.name().isPresent()) {
      String name = wish.name().get();
      String id = canonical(name);
      Optional<ModelDescription> named =
          workers.values().stream()
              .filter(worker -> able(worker) && worker.serves(id))
              .findFirst()
              .flatMap(worker -> worker.heartbeat().model());
      if (named.isPresent() || !wish.orDefault() || known(name)) {
        return named;
      }
    }
    return first(suits);
  }

  /** The model that a wish for a completion means, as {@link #described} has it. */
  public Optional<ModelDescription> generating(ModelWish wish) {
    return described(wish, FleetView::generates).or(() -> described(wish, any -> true));
  }

  private boolean known(String name) {
    return workers.values().stream()
            .filter(worker -> worker.heartbeat().state() != State.PREPARED)
            .anyMatch(worker -> worker.answersTo(name))
        || misses(name);
  }

  private boolean misses(String name) {
    return missed.values().stream().anyMatch(each -> each.worker().answersTo(name));
  }

  /**
   * What there is for that model; names are understood as {@link #described} does. A request that
   * names none gets the default model: one that generates, of the lowest rank, then the first by
   * name.
   */
  public ModelSupply supply(ModelWish wish) {
    ModelSupply named = supply(wish.name());
    return named instanceof ModelSupply.Unknown && wish.orDefault()
        ? supply(Optional.empty())
        : named;
  }

  private ModelSupply supply(Optional<String> model) {
    Optional<String> served =
        model.map(this::canonical).or(() -> generating(ModelWish.ANY).map(ModelDescription::id));
    int slots = 0;
    boolean serving = false;
    boolean idle = false;
    List<String> asleep = new ArrayList<>();
    // Whoever served it and is silent now may come back, or have been too busy to be heard.
    boolean servedBefore = model.isPresent() && misses(model.get());
    boolean allFailed =
        !workers.isEmpty()
            && workers.values().stream().allMatch(w -> w.heartbeat().state() == State.FAILED);
    boolean undecided = workers.isEmpty() || !allHeard && !allFailed;
    boolean known = false;
    for (WorkerView worker : workers.values()) {
      State state = worker.heartbeat().state();
      if (state == State.PREPARED) {
        // Perhaps it is taken away again, and nobody will have known of it.
        continue;
      }
      boolean meant = served.isPresent() && worker.serves(served.get());
      if (meant && worker.ready()) {
        serving = true;
        slots += Math.max(0, worker.heartbeat().slots() - worker.foreign());
      } else if (meant && (worker.idle() || worker.waking())) {
        idle = true;
        if (worker.idle()) {
          asleep.add(worker.id());
        }
      } else if (worker.heartbeat().model().isEmpty()
          && state != State.FAILED
          && state != State.DRAINING) {
        // What it will serve shows only once it has loaded it.
        undecided = true;
      } else if (model.isEmpty() || worker.answersTo(model.get())) {
        known = true;
        servedBefore |= state != State.FAILED;
      }
    }
    if (serving) {
      return new ModelSupply.Serving(served.get(), slots);
    }
    if (idle) {
      return new ModelSupply.Idle(asleep);
    }
    if (undecided || servedBefore) {
      return new ModelSupply.Awaited(servedBefore);
    }
    return known || allFailed ? new ModelSupply.Lost() : new ModelSupply.Unknown();
  }

  /** The id behind a name: itself when somebody can serve under it, else what it is an alias of. */
  private String canonical(String name) {
    boolean own = workers.values().stream().anyMatch(each -> able(each) && each.serves(name));
    return own
        ? name
        : workers.values().stream()
            .filter(each -> able(each) && each.answersTo(name))
            .flatMap(each -> each.heartbeat().model().stream())
            .map(ModelDescription::id)
            .min(String::compareTo)
            .orElse(name);
  }

  private static boolean able(WorkerView worker) {
    return worker.ready() || worker.idle() || worker.waking();
  }

  /** One that makes embeddings and lays out no chats is for embeddings only. */
  private static boolean generates(ModelDescription model) {
    return model.chat() || model.embeddingSize() == 0;
  }

  private Optional<ModelDescription> first(Predicate<ModelDescription> suits) {
    return workers.values().stream()
        .filter(FleetView::able)
        .flatMap(worker -> worker.heartbeat().model().stream())
        .filter(suits)
        .min(DEFAULT_FIRST);
  }
}
