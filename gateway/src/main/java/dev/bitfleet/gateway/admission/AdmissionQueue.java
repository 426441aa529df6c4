package dev.bitfleet.gateway.admission;

import dev.bitfleet.gateway.admission.Ticket.State;
import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.gateway.routing.ModelWish;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A bounded queue for slots: first come, first served within a model, and a model without free
 * slots holds nobody else's up. Owned by one thread; time is nanoseconds of any monotonic clock.
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
  private final Set<Ticket> waiting = new LinkedHashSet<>();
  private final Map<String, Integer> held = new HashMap<>();
  private double meanServiceNanos;

  /**
   * @param limit tickets that may wait
   * @param workerWait longest wait while no worker is ready
   */
  public AdmissionQueue(int limit, Duration workerWait) {
    this.limit = limit;
    this.workerWaitNanos = workerWait.toNanos();
  }

  /**
   * Enters tickets, all or none. They wait even when a slot is free: the next {@link #decide} gives
   * it.
   *
   * @param free slots free now, which let that many in beyond the limit
   * @param deadlineNanos of the first; the others have none, for they wait behind their own sibling
   * @return the tickets, or none when the queue has no room
   */
  public List<Ticket> enter(ModelWish model, int count, int free, long now, long deadlineNanos) {
    // Slots that those before us will get are not ours.
    long room = (long) limit + free - waiting.size();
    if (count > room) {
      return List.of();
    }
    List<Ticket> tickets = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      Ticket ticket = new Ticket(model, now, i == 0 ? deadlineNanos : Ticket.NO_DEADLINE);
      waiting.add(ticket);
      tickets.add(ticket);
    }
    return tickets;
  }

  /** Gives a ticket back, whatever its state: its holder has ended or left. Idempotent. */
  public void leave(Ticket ticket, long now) {
    switch (ticket.state) {
      case WAITING -> waiting.remove(ticket);
      case ADMITTED -> {
        held.computeIfPresent(ticket.admittedModel, (model, n) -> n == 1 ? null : n - 1);
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
    if (waiting.isEmpty()) {
      return List.of();
    }
    List<Decision> decisions = new ArrayList<>();
    Map<ModelWish, ModelSupply> supplies = new HashMap<>();
    Set<String> full = new HashSet<>();
    for (Iterator<Ticket> each = waiting.iterator(); each.hasNext(); ) {
      Ticket ticket = each.next();
      Optional<Decision> decision =
          decide(ticket, supplies.computeIfAbsent(ticket.model(), supply), full, now);
      if (decision.isPresent()) {
        each.remove();
        if (!ticket.admitted()) {
          ticket.state = State.GONE;
        }
        decisions.add(decision.get());
      }
    }
    return decisions;
  }

  private Optional<Decision> decide(Ticket ticket, ModelSupply supply, Set<String> full, long now) {
    switch (supply) {
      case ModelSupply.Serving serving -> {
        ticket.awaitingSinceNanos = null;
        String model = serving.model();
        // A later one must not overtake the first that found the model full.
        if (!full.contains(model) && held(model) < serving.slots()) {
          held.merge(model, 1, Integer::sum);
          ticket.state = State.ADMITTED;
          ticket.admittedNanos = now;
          ticket.admittedModel = model;
          return Optional.of(new Decision.Admitted(ticket, model, now - ticket.enteredNanos));
        }
        full.add(model);
      }
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
    }
    return ticket.deadlineNanos != Ticket.NO_DEADLINE && now - ticket.deadlineNanos >= 0
        ? Optional.of(new Decision.Expired(ticket))
        : Optional.empty();
  }

  /** Slots of that model that are given out. */
  public int held(String model) {
    return held.getOrDefault(model, 0);
  }

  /** Tickets that wait. */
  public int depth() {
    return waiting.size();
  }

  /**
   * When a newcomer would have its turn, from the mean service time seen so far, within what SDKs
   * respect: 1 to 60 seconds.
   *
   * @param slots slots that are served
   */
  public Duration retryAfter(int slots) {
    double turns = (waiting.size() + 1.0) / Math.max(1, slots);
    long millis = (long) Math.min(LONGEST_RETRY.toMillis(), turns * meanServiceNanos / 1e6);
    return Duration.ofMillis(Math.max(SHORTEST_RETRY.toMillis(), millis));
  }
}
