package dev.bitfleet.gateway.admission;

import dev.bitfleet.gateway.admission.Ticket.State;
import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Priority;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A bounded queue for slots, and a model without free slots holds nobody else's up. Owned by one
 * thread; time is nanoseconds of any monotonic clock.
 *
 * <p>Within a model and a priority a tenant's requests are served in the order they came, and
 * tenants by how few slots they have: one that sends a thousand requests is one tenant among
 * others. When the queue is full, whoever has most places in it gives up the newest of them to one
 * who would have fewer all the same (longest queue drop, Suter et al. 1998). A tenant that is alone
 * has all slots and all places.
 *
 * <p>The background waits until no one else does, but every eighth slot that is given out while it
 * waits is its own: so nobody in it waits for ever. It leaves the others one slot of a model that
 * has several, and half of the queue, so that they find room though it came in masses.
 *
 * <p>Why a queue here when workers answer "busy" themselves: it keeps order between clients, tells
 * the surplus at once how long to stay away, and leaves the bus to requests that can be served.
 */
public final class AdmissionQueue {
  private static final Duration SHORTEST_RETRY = Duration.ofSeconds(1);

  /** OpenAI's Node SDK ignores a longer one. */
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(60);

  /** Weight of the newest service time in the running mean: about the last ten count. */
  private static final double NEWEST_WEIGHT = 0.2;

  private final int limit;
  private final long workerWaitNanos;
  private final Map<Priority, Set<Ticket>> waiting = new EnumMap<>(Priority.class);
  private final Map<String, Given> given = new HashMap<>();
  private double meanServiceNanos;
  private long numbers;

  /**
   * @param limit tickets that may wait
   * @param workerWait longest wait while no worker is ready
   */
  public AdmissionQueue(int limit, Duration workerWait) {
    this.limit = limit;
    this.workerWaitNanos = workerWait.toNanos();
    for (Priority priority : Priority.values()) {
      waiting.put(priority, new LinkedHashSet<>());
    }
  }

  /**
   * Enters tickets, all or none. They wait even when a slot is free: the next {@link #decide} gives
   * it.
   *
   * @param tenant whose they are
   * @param supply what the fleet offers for the model: slots free now let that many in beyond the
   *     limit; and where the line moves so slowly that the last of it would wait in vain, nobody is
   *     let in
   * @param deadlineNanos of the first; the others have none, for they wait behind their own sibling
   */
  public Entry enter(
      ModelWish model,
      long tenant,
      Priority priority,
      int count,
      ModelSupply supply,
      long now,
      long deadlineNanos) {
    int free = 0;
    if (supply instanceof ModelSupply.Serving serving) {
      free = Math.max(0, serving.slots() - held(serving.model()));
      Given slots = given.get(serving.model());
      if (free == 0
          && priority == Priority.INTERACTIVE
          && slots != null
          && !slots.inTime(tenant, serving.slots(), deadlineNanos - now, now)) {
        return Entry.LATE;
      }
    }
    // Slots that those before us will get are not ours.
    long room = (long) limit + free - depth();
    if (priority == Priority.BACKGROUND) {
      room = Math.min(room, limit - limit / 2 + free - row(Priority.BACKGROUND).size());
    }
    List<Ticket> displaced = List.of();
    if (count > room) {
      displaced = displaceable(tenant, priority, count, count - room);
      if (displaced.isEmpty()) {
        return Entry.REFUSED;
      }
    }
    for (Ticket ticket : displaced) {
      row(priority).remove(ticket);
      ticket.state = State.GONE;
    }
    List<Ticket> tickets = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      tickets.add(
          new Ticket(
              model,
              tenant,
              priority,
              numbers++,
              now,
              i == 0 ? deadlineNanos : Ticket.NO_DEADLINE));
    }
    tickets.forEach(ticket -> ticket.siblings = tickets);
    row(priority).addAll(tickets);
    return new Entry(tickets, displaced, false);
  }

  /**
   * The newest requests of those who have most places, as many as make room. Who gives one up still
   * has as many places as the newcomer will have.
   *
   * @param count places that the tenant wants
   * @param missing places there are too few
   * @return nobody when that is not enough
   */
  private List<Ticket> displaceable(long tenant, Priority priority, int count, long missing) {
    List<Ticket> newestFirst = new ArrayList<>(row(priority)).reversed();
    Map<Long, Integer> places = new HashMap<>();
    newestFirst.forEach(ticket -> places.merge(ticket.tenant(), 1, Integer::sum));
    int ours = places.getOrDefault(tenant, 0) + count;
    Set<Ticket> displaced = new LinkedHashSet<>();
    while (displaced.size() < missing) {
      Optional<Ticket> next = newestOfMost(newestFirst, places, displaced, ours);
      if (next.isEmpty()) {
        return List.of();
      }
      List<Ticket> request = next.get().siblings;
      displaced.addAll(request);
      places.merge(next.get().tenant(), -request.size(), Integer::sum);
    }
    return List.copyOf(displaced);
  }

  private static Optional<Ticket> newestOfMost(
      List<Ticket> newestFirst, Map<Long, Integer> places, Set<Ticket> taken, int ours) {
    return newestFirst.stream()
        .filter(ticket -> !taken.contains(ticket))
        // One of whose choices one runs already is not taken back.
        .filter(ticket -> ticket.siblings.stream().allMatch(each -> each.state == State.WAITING))
        .filter(ticket -> places.getOrDefault(ticket.tenant(), 0) - ticket.siblings.size() >= ours)
        .max(Comparator.comparingInt(ticket -> places.getOrDefault(ticket.tenant(), 0)));
  }

  /** Gives a ticket back, whatever its state: its holder has ended or left. Idempotent. */
  public void leave(Ticket ticket, long now) {
    switch (ticket.state) {
      case WAITING -> row(ticket.priority()).remove(ticket);
      case ADMITTED -> {
        Given slots = given.get(ticket.admittedModel);
        if (slots != null) {
          slots.takeBack(ticket);
        }
        double service = now - ticket.admittedNanos;
        meanServiceNanos =
            meanServiceNanos == 0
                ? service
                : meanServiceNanos + NEWEST_WEIGHT * (service - meanServiceNanos);
      }
      case GONE -> {}
    }
    ticket.state = State.GONE;
  }

  /**
   * Decides about everyone about whom something can be decided now.
   *
   * @param supply what the fleet offers for a model
   */
  public List<Decision> decide(Function<ModelWish, ModelSupply> supply, long now) {
    Map<ModelWish, ModelSupply> supplies = new HashMap<>();
    Map<String, Contest> contests = new LinkedHashMap<>();
    List<Decision> decisions = new ArrayList<>();
    for (Set<Ticket> row : waiting.values()) {
      for (Ticket ticket : row) {
        switch (supplies.computeIfAbsent(ticket.model(), supply)) {
          case ModelSupply.Serving serving -> {
            ticket.awaitingSinceNanos = null;
            contests.computeIfAbsent(serving.model(), model -> new Contest(serving)).enter(ticket);
          }
          case ModelSupply other -> unserved(ticket, other, now).ifPresent(decisions::add);
        }
      }
    }
    contests.values().forEach(contest -> decide(contest, now, decisions));
    given.forEach(
        (model, slots) -> {
          Contest contest = contests.get(model);
          slots.leaves(contest == null ? Map.of() : contest.leftByTenant(), now);
        });
    for (Decision decision : decisions) {
      Ticket ticket = decision.ticket();
      row(ticket.priority()).remove(ticket);
      if (!ticket.admitted()) {
        ticket.state = State.GONE;
      }
    }
    return decisions;
  }

  /** Gives a model's free slots out, and ends the wait of those who waited long enough. */
  private void decide(Contest contest, long now, List<Decision> decisions) {
    String model = contest.model();
    Given slots = given.computeIfAbsent(model, unused -> new Given());
    for (Optional<Ticket> next = contest.next(slots);
        next.isPresent();
        next = contest.next(slots)) {
      Ticket ticket = next.get();
      slots.give(ticket, contest.backgroundWaits());
      ticket.state = State.ADMITTED;
      ticket.admittedNanos = now;
      ticket.admittedModel = model;
      decisions.add(new Decision.Admitted(ticket, model, now - ticket.enteredNanos));
    }
    contest.left().flatMap(ticket -> expired(ticket, now).stream()).forEach(decisions::add);
  }

  private Optional<Decision> unserved(Ticket ticket, ModelSupply supply, long now) {
    switch (supply) {
      case ModelSupply.Awaited awaited -> {
        Long since = ticket.awaitingSinceNanos;
        if (since == null) {
          ticket.awaitingSinceNanos = now;
        } else if (now - since >= workerWaitNanos) {
          return Optional.of(new Decision.Unserved(ticket, awaited.everServed()));
        }
      }
      // It is being woken, which takes as long as loading does: only the ticket's own deadline ends
      // the wait.
      case ModelSupply.Idle ignored -> ticket.awaitingSinceNanos = null;
      case ModelSupply.Lost ignored -> {
        return Optional.of(new Decision.Unserved(ticket, true));
      }
      case ModelSupply.Unknown ignored -> {
        return Optional.of(new Decision.UnknownModel(ticket));
      }
      case ModelSupply.Serving serving ->
          throw new IllegalStateException("it is served: " + serving);
    }
    return expired(ticket, now);
  }

  private static Optional<Decision> expired(Ticket ticket, long now) {
    return ticket.deadlineNanos != Ticket.NO_DEADLINE && now - ticket.deadlineNanos >= 0
        ? Optional.of(new Decision.Expired(ticket))
        : Optional.empty();
  }

  private Set<Ticket> row(Priority priority) {
    return waiting.getOrDefault(priority, Set.of());
  }

  /** Slots of that model that are given out. */
  public int held(String model) {
    Given slots = given.get(model);
    return slots == null ? 0 : slots.all();
  }

  /** Tickets that wait. */
  public int depth() {
    return waiting.values().stream().mapToInt(Set::size).sum();
  }

  /**
   * When a newcomer would have its turn, from the mean service time seen so far, within what SDKs
   * respect: 1 to 60 seconds.
   *
   * @param slots slots that are served
   */
  public Duration retryAfter(int slots) {
    double turns = (depth() + 1.0) / Math.max(1, slots);
    long millis = (long) Math.min(LONGEST_RETRY.toMillis(), turns * meanServiceNanos / 1e6);
    return Duration.ofMillis(Math.max(SHORTEST_RETRY.toMillis(), millis));
  }
}
