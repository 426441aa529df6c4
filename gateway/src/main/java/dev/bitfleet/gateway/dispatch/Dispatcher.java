package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.gateway.admission.AdmissionQueue;
import dev.bitfleet.gateway.admission.Decision;
import dev.bitfleet.gateway.admission.Entry;
import dev.bitfleet.gateway.admission.Ticket;
import dev.bitfleet.gateway.completion.CompletionFailure;
import dev.bitfleet.gateway.completion.CompletionListener;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.ModelSupply;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.gateway.telemetry.FleetFigures;
import dev.bitfleet.gateway.telemetry.GatewayMetrics;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.WorkerHeartbeat;
import java.time.Duration;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes completions in and sees them through: queue, worker, stream, and again when a stream
 * breaks. Knows the world through its {@link Surroundings} alone, so that a simulation can be its
 * world. Lives on the event loop of the gateway's verticle; every method must be called there.
 */
public final class Dispatcher {
  private final Surroundings world;
  private final FleetView fleet;
  private final AdmissionQueue queue;
  private final DispatchLimits limits;
  private final GatewayMetrics metrics;
  private final Inbox inbox;
  private final Unanswered unanswered = new Unanswered();
  private final String node;
  private final String streamIdPrefix;
  private final Map<Ticket, Waiter> waiters = new IdentityHashMap<>();
  private long streams;
  private boolean deciding;
  private boolean decideAgain;

  private record Waiter(CompletionRun completion, ChoiceRun choice) {}

  public Dispatcher(
      Surroundings world,
      String gatewayId,
      FleetView fleet,
      AdmissionQueue queue,
      DispatchLimits limits,
      GatewayMetrics metrics) {
    this.world = world;
    this.fleet = fleet;
    this.queue = queue;
    this.limits = limits;
    this.metrics = metrics;
    this.node = gatewayId;
    this.inbox = new Inbox(world, gatewayId);
    // A gateway that comes back under its old id must not meet the streams of its former life.
    this.streamIdPrefix = gatewayId + "-" + HexFormat.of().toHexDigits(world.unique(), 12) + "-";
  }

  /**
   * Takes a completion in. The listener may be called before this returns.
   *
   * @return what cancels it
   */
  public RunningCompletion start(CompletionRequest request, CompletionListener listener) {
    CompletionRun completion = new CompletionRun(request, listener);
    long now = now();
    Entry entry =
        queue.enter(
            request.model(),
            request.cacheScope(),
            request.priority(),
            request.choices(),
            fleet.supply(request.model()),
            now,
            now + limits.queueTimeout().toNanos());
    if (entry.refused()) {
      metrics.rejected(entry.late() ? "queue_slow" : "queue_full");
      completion.fail(
          entry.late()
              ? new CompletionFailure.QueueSlow(retryAfter())
              : new CompletionFailure.QueueFull(retryAfter()));
      return completion;
    }
    List<Ticket> tickets = entry.tickets();
    for (int choice = 0; choice < tickets.size(); choice++) {
      Ticket ticket = tickets.get(choice);
      ChoiceRun run = new ChoiceRun(this, completion, choice, ticket);
      completion.add(run);
      waiters.put(ticket, new Waiter(completion, run));
    }
    entry.displaced().forEach(this::sendAway);
    decide();
    return completion;
  }

  /** The place of one who waited is another's now. */
  private void sendAway(Ticket displaced) {
    Waiter waiter = waiters.remove(displaced);
    // Its completion ended with a sibling of it.
    if (waiter != null) {
      metrics.rejected("queue_full");
      waiter.completion().fail(new CompletionFailure.QueueFull(retryAfter()));
    }
  }

  /** The fleet as this gateway sees it. */
  public FleetView fleet() {
    return fleet;
  }

  /** Where this gateway is; a node has one at most, and they go by one name. */
  String node() {
    return node;
  }

  /** Where those who ask a worker anything but a stream are told that it is lost. */
  Unanswered unanswered() {
    return unanswered;
  }

  /** Completions that wait for a slot. */
  public int queueDepth() {
    return queue.depth();
  }

  /** When a client that was sent away may come back. */
  public Duration retryAfter() {
    int slots =
        fleet.workers().stream().filter(w -> w.ready()).mapToInt(w -> w.heartbeat().slots()).sum();
    return queue.retryAfter(slots);
  }

  /** A worker tells how it is. */
  public void hear(WorkerHeartbeat heartbeat) {
    fleet.hear(heartbeat, now()).ifPresent(metrics::engineRestarts);
    decide();
  }

  /** A worker tells something of a stream. */
  public void take(GenerationEvent event) {
    inbox.take(event);
  }

  /** A node has left the fleet, and its workers with it. */
  public void nodeLeft(String nodeId) {
    lost(fleet.left(nodeId, now()));
  }

  /** Looks for silence and deadlines; to be called again and again. */
  public void sweep() {
    lost(fleet.expire(now()));
    inbox.checkProgress(limits.firstEventTimeout(), limits.stallTimeout());
    decide();
    metrics.show(FleetFigures.of(fleet.workers(), queue.depth(), inbox.size()));
  }

  private void lost(List<String> workerIds) {
    workerIds.forEach(inbox::workerLost);
    workerIds.forEach(unanswered::lost);
  }

  /** What it decides may free slots or fill the queue again; that is decided after, not inside. */
  private void decide() {
    if (deciding) {
      decideAgain = true;
      return;
    }
    deciding = true;
    try {
      do {
        decideAgain = false;
        queue.decide(this::supply, now()).forEach(this::carryOut);
      } while (decideAgain);
    } finally {
      deciding = false;
    }
  }

  /** Somebody waits for that model: if it sleeps, it is woken. */
  ModelSupply supply(ModelWish model) {
    ModelSupply supply = fleet.supply(model);
    if (supply instanceof ModelSupply.Idle idle) {
      idle.asleep().forEach(world::wake);
    }
    return supply;
  }

  private void carryOut(Decision decision) {
    Waiter waiter = waiters.remove(decision.ticket());
    if (waiter == null) {
      // Its completion ended because of a decision just before this one.
      queue.leave(decision.ticket(), now());
      return;
    }
    switch (decision) {
      case Decision.Admitted admitted -> {
        metrics.waited(admitted.waitedNanos());
        waiter.choice().begin(admitted.model());
      }
      case Decision.Expired ignored -> {
        metrics.rejected("queue_timeout");
        waiter.completion().fail(new CompletionFailure.QueueTimeout(retryAfter()));
      }
      case Decision.Unserved unserved -> {
        boolean loading = !unserved.everServed() && !fleet.workers().isEmpty();
        metrics.rejected(loading ? "model_loading" : "no_worker");
        waiter
            .completion()
            .fail(
                loading
                    ? new CompletionFailure.ModelLoading(retryAfter())
                    : new CompletionFailure.NoWorker(retryAfter()));
      }
      case Decision.UnknownModel unknown ->
          waiter
              .completion()
              .fail(new CompletionFailure.UnknownModel(unknown.ticket().model().name().orElse("")));
    }
  }

  void leave(Ticket ticket) {
    waiters.remove(ticket);
    queue.leave(ticket, now());
    decide();
  }

  Attempt newAttempt(ChoiceRun run, GenerationRequest request, String workerId) {
    return new Attempt(world, inbox, run, request, workerId);
  }

  String newStreamId() {
    return streamIdPrefix + Long.toString(streams++, Character.MAX_RADIX);
  }

  /** Where this gateway's streams send their events. */
  public String inboxAddress() {
    return inbox.address();
  }

  void later(long millis, Runnable action) {
    world.later(millis, action);
  }

  long now() {
    return world.now();
  }

  DispatchLimits limits() {
    return limits;
  }

  GatewayMetrics metrics() {
    return metrics;
  }
}
