package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.CancelGeneration;
import dev.bitfleet.proto.GenerationEvent;
import io.vertx.core.Future;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one consumer of all events that come to this gateway. Never paused: a paused consumer
 * discards once its buffer is full.
 *
 * <p>An abandoned stream is remembered for a while. If its worker keeps sending, the cancel did not
 * reach it, and is sent again.
 */
public final class Inbox {
  /** Abandoned streams that are remembered; the oldest make room. */
  private static final int REMEMBERED = 4096;

  /** Late events of one stream between two cancels. */
  private static final int LATE_EVENTS_PER_CANCEL = 16;

  private static final class Abandoned {
    final String workerId;
    int lateEvents;

    Abandoned(String workerId) {
      this.workerId = workerId;
    }
  }

  private final EventBus bus;
  private final String address;
  private final LongSupplier clock;
  private final Map<String, Attempt> attempts = new HashMap<>();
  private final Map<String, Abandoned> abandoned =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Abandoned> eldest) {
          return size() > REMEMBERED;
        }
      };
  private @Nullable MessageConsumer<GenerationEvent> consumer;

  Inbox(EventBus bus, String gatewayId, LongSupplier clock) {
    this.bus = bus;
    this.address = BusAddresses.inbox(gatewayId);
    this.clock = clock;
  }

  Future<Void> open() {
    MessageConsumer<GenerationEvent> registered = bus.consumer(address, this::take);
    consumer = registered;
    return registered.completion();
  }

  Future<Void> close() {
    return consumer == null ? Future.succeededFuture() : consumer.unregister();
  }

  String address() {
    return address;
  }

  void expect(Attempt attempt) {
    attempts.put(attempt.streamId(), attempt);
  }

  void forget(Attempt attempt, boolean mayGoOn) {
    attempts.remove(attempt.streamId());
    if (mayGoOn) {
      abandoned.put(attempt.streamId(), new Abandoned(attempt.workerId()));
    }
  }

  int size() {
    return attempts.size();
  }

  void checkProgress(Duration firstEvent, Duration betweenEvents) {
    long now = clock.getAsLong();
    for (Attempt attempt : List.copyOf(attempts.values())) {
      attempt.checkProgress(now, firstEvent, betweenEvents);
    }
  }

  void workerLost(String workerId) {
    for (Attempt attempt : List.copyOf(attempts.values())) {
      if (attempt.workerId().equals(workerId)) {
        attempt.workerLost();
      }
    }
  }

  private void take(Message<GenerationEvent> message) {
    GenerationEvent event = message.body();
    Attempt attempt = attempts.get(event.streamId());
    if (attempt != null) {
      attempt.take(event, clock.getAsLong());
    } else {
      late(event);
    }
  }

  private void late(GenerationEvent event) {
    if (event instanceof GenerationEvent.Terminal) {
      abandoned.remove(event.streamId());
      return;
    }
    Abandoned stream = abandoned.get(event.streamId());
    if (stream != null && ++stream.lateEvents % LATE_EVENTS_PER_CANCEL == 0) {
      bus.send(BusAddresses.cancel(stream.workerId), new CancelGeneration(event.streamId()));
    }
  }
}
