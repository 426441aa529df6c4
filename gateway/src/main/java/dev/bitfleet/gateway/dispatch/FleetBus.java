package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.WorkerCall;
import dev.bitfleet.proto.WorkerHeartbeat;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The bus and the clock, as a {@link Dispatcher} has them. Its consumers are never paused: a paused
 * one discards once its buffer is full. Event loop of the gateway's verticle.
 */
public final class FleetBus implements Surroundings {
  /** How often silence is looked for: a deadline is met this much late at most. */
  private static final long SWEEP_MILLIS = 100;

  private final Vertx vertx;
  private final EventBus bus;
  private final List<MessageConsumer<?>> consumers = new ArrayList<>();
  private long sweepTimer = -1;

  public FleetBus(Vertx vertx) {
    this.vertx = vertx;
    this.bus = vertx.eventBus();
  }

  /** Begins to listen. */
  public Future<Void> start(Dispatcher dispatcher) {
    MessageConsumer<WorkerHeartbeat> heartbeats =
        bus.consumer(BusAddresses.HEARTBEATS, message -> dispatcher.hear(message.body()));
    MessageConsumer<GenerationEvent> events =
        bus.consumer(dispatcher.inboxAddress(), message -> dispatcher.take(message.body()));
    MessageConsumer<String> departures =
        bus.localConsumer(BusAddresses.NODE_LEFT, message -> dispatcher.nodeLeft(message.body()));
    consumers.addAll(List.of(heartbeats, events, departures));
    sweepTimer = vertx.setPeriodic(SWEEP_MILLIS, id -> dispatcher.sweep());
    return Future.all(heartbeats.completion(), events.completion()).mapEmpty();
  }

  /** Stops listening. Completions still under way hear nothing more. */
  public Future<Void> stop() {
    vertx.cancelTimer(sweepTimer);
    return Future.all(consumers.stream().map(MessageConsumer::unregister).toList()).mapEmpty();
  }

  @Override
  public long now() {
    return System.nanoTime();
  }

  @Override
  public long unique() {
    return new SecureRandom().nextLong();
  }

  @Override
  public void later(long millis, Runnable action) {
    vertx.setTimer(millis, id -> action.run());
  }

  @Override
  public void open(
      String workerId, GenerationRequest request, Duration timeout, Consumer<OpenAnswer> answered) {
    bus.<OpenReply>request(
            BusAddresses.open(workerId),
            request,
            new DeliveryOptions().setSendTimeout(timeout.toMillis()))
        .onComplete(
            reply -> answered.accept(new OpenAnswer.Replied(reply.body())),
            problem -> answered.accept(unanswered(problem)));
  }

  private static OpenAnswer unanswered(Throwable problem) {
    return problem instanceof ReplyException e && e.failureType() == ReplyFailure.NO_HANDLERS
        ? new OpenAnswer.NotThere()
        : new OpenAnswer.Missing(String.valueOf(problem.getMessage()));
  }

  @Override
  public void cancel(String workerId, String streamId) {
    bus.send(BusAddresses.cancel(workerId), new CancelGeneration(streamId));
  }

  @Override
  public void wake(String workerId) {
    bus.send(BusAddresses.call(workerId), WorkerCall.WAKE);
  }
}
