package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * One stream on one worker: opened by request/reply, then fed by the {@link Inbox}. Events may
 * overtake the reply, since they travel another way; they are kept until it is here.
 */
final class Attempt {
  private enum Phase {
    OPENING,
    STREAMING,
    ENDED
  }

  private final Surroundings world;
  private final Inbox inbox;
  private final AttemptListener listener;
  private final GenerationRequest request;
  private final String workerId;
  private final List<GenerationEvent> early = new ArrayList<>();
  private Phase phase = Phase.OPENING;
  private int nextNumber;
  private long lastProgressNanos;

  Attempt(
      Surroundings world,
      Inbox inbox,
      AttemptListener listener,
      GenerationRequest request,
      String workerId) {
    this.world = world;
    this.inbox = inbox;
    this.listener = listener;
    this.request = request;
    this.workerId = workerId;
  }

  String streamId() {
    return request.streamId();
  }

  String workerId() {
    return workerId;
  }

  /** Asks the worker. The inbox is listening before it can answer. */
  void open(Duration timeout, long now) {
    lastProgressNanos = now;
    inbox.expect(this);
    world.open(workerId, request, timeout, this::answered);
  }

  private void answered(OpenAnswer answer) {
    if (phase == Phase.ENDED) {
      if (answer instanceof OpenAnswer.Replied(OpenReply.Accepted ignored)) {
        // It was abandoned before the worker had it; that cancel may have come too early.
        sendCancel();
      }
      return;
    }
    switch (answer) {
      case OpenAnswer.Replied replied -> replied(replied.reply());
      case OpenAnswer.NotThere ignored -> {
        end(Trace.NONE);
        listener.unavailable(this, "worker " + workerId + " is not on the bus");
      }
      case OpenAnswer.Missing missing -> breakOff(AttemptEnd.UNANSWERED, missing.why());
    }
  }

  private void replied(OpenReply reply) {
    switch (reply) {
      case OpenReply.Accepted accepted -> {
        phase = Phase.STREAMING;
        listener.accepted(this, accepted);
        for (GenerationEvent event : List.copyOf(early)) {
          apply(event);
        }
        early.clear();
      }
      case OpenReply.Busy busy -> {
        end(Trace.NONE);
        listener.unavailable(this, busy.reason());
      }
      case OpenReply.Refused refused -> {
        end(Trace.NONE);
        listener.refused(refused);
      }
    }
  }

  /** An event with this stream's id. */
  void take(GenerationEvent event, long now) {
    if (phase == Phase.ENDED) {
      return;
    }
    if (event.number() != nextNumber) {
      breakOff(
          AttemptEnd.GAP, "event " + event.number() + " came where " + nextNumber + " was due");
      return;
    }
    nextNumber++;
    lastProgressNanos = now;
    if (phase == Phase.OPENING) {
      early.add(event);
    } else {
      apply(event);
    }
  }

  private void apply(GenerationEvent event) {
    if (phase == Phase.ENDED) {
      return;
    }
    switch (event) {
      case GenerationEvent.PromptScored scored -> listener.promptScored(scored);
      case GenerationEvent.Delta delta -> listener.delta(delta);
      case GenerationEvent.Finished finished when finished.reason() == FinishReason.CANCELLED -> {
        end(Trace.NONE);
        listener.broke(this, AttemptEnd.WITHDRAWN, "the worker cancelled the stream");
      }
      case GenerationEvent.Finished finished -> {
        end(Trace.NONE);
        listener.finished(finished);
      }
      case GenerationEvent.Failed failed -> {
        end(Trace.NONE);
        listener.broke(this, AttemptEnd.of(failed.cause()), failed.message());
      }
    }
  }

  /** Ends it when it has been silent too long. */
  void checkProgress(long now, Duration firstEvent, Duration betweenEvents) {
    Duration allowed = nextNumber == 0 ? firstEvent : betweenEvents;
    if (phase == Phase.STREAMING && now - lastProgressNanos > allowed.toNanos()) {
      breakOff(AttemptEnd.STALLED, "no event for " + allowed.toMillis() + " ms");
    }
  }

  /** Ends it because its worker has fallen silent. */
  void workerLost() {
    if (phase != Phase.ENDED) {
      breakOff(AttemptEnd.WORKER_LOST, "worker " + workerId + " has fallen silent");
    }
  }

  /** Ends it because nobody wants it any more; the listener is not told. */
  void abandon() {
    if (phase != Phase.ENDED) {
      end(Trace.KEPT);
      sendCancel();
    }
  }

  private void breakOff(AttemptEnd end, String message) {
    end(Trace.KEPT);
    sendCancel();
    listener.broke(this, end, message);
  }

  /** Whether the inbox remembers the stream: only when its worker may go on sending. */
  private enum Trace {
    KEPT,
    NONE
  }

  private void end(Trace trace) {
    phase = Phase.ENDED;
    inbox.forget(this, trace == Trace.KEPT);
  }

  private void sendCancel() {
    world.cancel(workerId, streamId());
  }
}
