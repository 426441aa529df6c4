package dev.bitfleet.app.simulation;

import dev.bitfleet.gateway.admission.AdmissionQueue;
import dev.bitfleet.gateway.dispatch.DispatchLimits;
import dev.bitfleet.gateway.dispatch.Dispatcher;
import dev.bitfleet.gateway.dispatch.OpenAnswer;
import dev.bitfleet.gateway.dispatch.Surroundings;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.gateway.telemetry.GatewayMetrics;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Priority;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.function.Consumer;

/** A gateway without HTTP: the real dispatch, with its queue and its view of the fleet. */
final class SimulatedGateway implements Surroundings {
  static final DispatchLimits LIMITS =
      new DispatchLimits(
          3,
          2,
          Duration.ofSeconds(4),
          Duration.ofSeconds(3),
          Duration.ofSeconds(1),
          Duration.ofSeconds(2),
          Duration.ofMillis(1500));

  private static final Duration STALE_AFTER = Duration.ofMillis(1400);

  /** Figures are written and never read here; making meters costs more than all the rest. */
  private static final GatewayMetrics METRICS = new GatewayMetrics(new SimpleMeterRegistry());

  private final World world;
  private final String id;
  private final AdmissionQueue queue;
  private final FleetView fleet = new FleetView(STALE_AFTER);
  private final Dispatcher dispatcher;

  SimulatedGateway(World world, String id, int queueLimit) {
    this.world = world;
    this.id = id;
    this.queue = new AdmissionQueue(queueLimit, LIMITS.workerWait());
    this.dispatcher = new Dispatcher(this, id, fleet, queue, LIMITS, METRICS);
    if (!world.has(Flaw.NOBODY_LOOKS_FOR_SILENCE)) {
      world.every(100 * VirtualTime.MILLI, () -> true, dispatcher::sweep);
    }
  }

  String id() {
    return id;
  }

  Dispatcher dispatcher() {
    return dispatcher;
  }

  /** A right to a slot that nobody will give back, if there is one now. */
  void keepTicket() {
    queue.enter(
        ModelWish.ANY, 1, Priority.INTERACTIVE, 1, fleet.supply(ModelWish.ANY), now(), now());
    queue.decide(fleet::supply, now());
  }

  /** Says what is still held though nothing is under way. */
  void checkNothingIsHeld() {
    if (queue.depth() > 0) {
      world.violated(id + " still has " + queue.depth() + " in its queue");
    }
    if (queue.held(World.MODEL) != 0) {
      world.violated(id + " still holds rights to " + queue.held(World.MODEL) + " slots");
    }
    for (WorkerView worker : fleet.workers()) {
      if (worker.inFlight() != 0) {
        world.violated(id + " still counts streams on " + worker.id() + ": " + worker.inFlight());
      }
    }
  }

  @Override
  public long now() {
    return world.now();
  }

  @Override
  public long unique() {
    return world.random().nextLong();
  }

  @Override
  public void later(long millis, Runnable action) {
    world.in(millis * VirtualTime.MILLI, action);
  }

  @Override
  public void open(
      String workerId, GenerationRequest request, Duration timeout, Consumer<OpenAnswer> answered) {
    Consumer<OpenAnswer> once = new Once(answered);
    if (!world.has(Flaw.OPENS_ARE_AWAITED_FOR_EVER)) {
      world.in(timeout.toNanos(), () -> once.accept(new OpenAnswer.Missing("timed out")));
    }
    SimulatedWorker worker = world.worker(workerId);
    if (!worker.runs() && world.random().nextBoolean()) {
      later(1, () -> once.accept(new OpenAnswer.NotThere()));
      return;
    }
    world
        .network()
        .send(
            id,
            workerId,
            () ->
                worker.open(
                    request,
                    reply -> {
                      world.trace(workerId, () -> "answers " + request.streamId() + ": " + reply);
                      world
                          .network()
                          .send(workerId, id, () -> once.accept(new OpenAnswer.Replied(reply)));
                    }));
  }

  @Override
  public void cancel(String workerId, String streamId) {
    world.trace(id, () -> "gives up " + streamId + " on " + workerId);
    world.network().send(id, workerId, () -> world.worker(workerId).cancel(streamId));
  }

  @Override
  public void wake(String workerId) {
    throw new IllegalStateException("no worker idles here: " + workerId);
  }

  /** A bus hands over one answer to a question, whatever else comes. */
  private static final class Once implements Consumer<OpenAnswer> {
    private final Consumer<OpenAnswer> answered;
    private boolean over;

    Once(Consumer<OpenAnswer> answered) {
      this.answered = answered;
    }

    @Override
    public void accept(OpenAnswer answer) {
      if (!over) {
        over = true;
        answered.accept(answer);
      }
    }
  }
}
