package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.GenerationRequest;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * All that dispatch knows of the world: the time, and a way to the workers. What comes from there
 * is told to the {@link Dispatcher}. One thread: the event loop of the gateway's verticle.
 */
public interface Surroundings {
  /** Nanoseconds of a monotonic clock. */
  long now();

  /** A number that no other life of this gateway has had. */
  long unique();

  /** Runs something once, so many milliseconds from now. */
  void later(long millis, Runnable action);

  /**
   * Asks a worker to take a stream.
   *
   * @param answered called once, after this has returned
   */
  void open(
      String workerId, GenerationRequest request, Duration timeout, Consumer<OpenAnswer> answered);

  /** Tells a worker that nobody wants a stream any more. May get lost. */
  void cancel(String workerId, String streamId);

  /** Tells a worker that somebody waits for its model. May get lost. */
  void wake(String workerId);
}
