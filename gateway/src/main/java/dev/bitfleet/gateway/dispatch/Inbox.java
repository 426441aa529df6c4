package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.GenerationEvent;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where all events that come to this gateway find their attempt.
 *
 * <p>An abandoned stream is remembered for a while. If its worker keeps sending, the cancel did not
 * reach it, and is sent again.
 */
final class Inbox {
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

  private final Surroundings world;
  private final String address;
  private final Map<String, Attempt> attempts = new HashMap<>();
  private final Map<String, Abandoned> abandoned =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Abandoned> eldest) {
          return size() > REMEMBERED;
        }
      };

  Inbox(Surroundings world, String gatewayId) {
    this.world = world;
    this.address = BusAddresses.inbox(gatewayId);
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
    long now = world.now();
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

  void take(GenerationEvent event) {
    Attempt attempt = attempts.get(event.streamId());
    if (attempt != null) {
      attempt.take(event, world.now());
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
      world.cancel(stream.workerId, event.streamId());
    }
  }
}
