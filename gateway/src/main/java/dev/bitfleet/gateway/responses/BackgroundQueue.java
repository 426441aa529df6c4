package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.store.Right;
import dev.bitfleet.proto.Usage;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Background responses in the order they came. Only a few run at once, so that a thousand of them
 * do not stand before the clients who wait. Streams that another node left are run at once: there
 * is a client who waits. Event loop only.
 */
final class BackgroundQueue {
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  private final Vertx vertx;
  private final ResponseRuns runs;
  private final ResponseLimits limits;
  private final Queue<ResponseRun> waiting = new ArrayDeque<>();
  private final Map<ResponseRun, Place> places = new IdentityHashMap<>();
  private int running;
  private boolean stopped;

  BackgroundQueue(Vertx vertx, ResponseRuns runs, ResponseLimits limits) {
    this.vertx = vertx;
    this.runs = runs;
    this.limits = limits;
  }

  /** How many more may come. */
  int free() {
    return Math.max(0, limits.backgroundWaiting() - places.size());
  }

  /** Refuses one more when there are too many. */
  void requirePlace() {
    if (free() == 0) {
      throw new ApiException(
          new ApiError(
              429,
              ApiError.RATE_LIMIT,
              "queue_full",
              Optional.empty(),
              "Too many background responses are waiting already. Please try again later.",
              Optional.of(LONGEST_PAUSE)));
    }
  }

  /**
   * A response that will be started when its turn comes, once it has been {@link #enter entered}.
   *
   * @param right to run it; is released when nothing more of it is kept from here
   * @param used is told what it cost
   */
  ResponseRun add(
      Owner owner, PromisedWork work, ResponseCall call, Right right, Consumer<Usage> used) {
    Place place = new Place(right, used, System.nanoTime() + limits.backgroundPatience().toNanos());
    ResponseRun run = runs.addPromised(owner, work, call, place);
    place.run = run;
    places.put(run, place);
    run.end().onComplete(ended -> leave(run));
    return run;
  }

  private void leave(ResponseRun run) {
    Place place = places.remove(run);
    waiting.remove(run);
    if (place != null && place.running) {
      running--;
      next();
    }
  }

  /** Lets it take its turn. */
  void enter(ResponseRun run) {
    if (!places.containsKey(run)) {
      return;
    }
    if (run.call().mode().background()) {
      waiting.add(run);
      next();
    } else {
      run.start();
    }
  }

  void stop() {
    stopped = true;
    waiting.clear();
  }

  private void next() {
    while (!stopped && running < limits.backgroundRunning() && !waiting.isEmpty()) {
      ResponseRun run = waiting.remove();
      Place place = places.get(run);
      if (place != null) {
        running++;
        place.running = true;
        run.start();
      }
    }
  }

  /** One response's place in the queue. */
  private final class Place implements RunClient {
    private final Right right;
    private final Consumer<Usage> used;
    private final long patientUntilNanos;
    private @Nullable ResponseRun run;
    private boolean running;

    Place(Right right, Consumer<Usage> used, long patientUntilNanos) {
      this.right = right;
      this.used = used;
      this.patientUntilNanos = patientUntilNanos;
    }

    @Override
    public void used(Usage usage) {
      used.accept(usage);
    }

    @Override
    public void gone() {
      right.release();
    }

    @Override
    public boolean triesAgain(ApiError error) {
      ResponseRun again = run;
      if (again == null || System.nanoTime() - patientUntilNanos > 0) {
        return false;
      }
      if (running) {
        running = false;
        BackgroundQueue.this.running--;
      }
      Duration pause = error.retryAfter().orElse(LONGEST_PAUSE);
      long millis = Math.clamp(pause.toMillis(), 1, LONGEST_PAUSE.toMillis());
      vertx.setTimer(millis, timer -> enter(again));
      vertx.runOnContext(later -> next());
      return true;
    }
  }
}
