package dev.bitfleet.gateway.telemetry;

import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's own meters. Meters of the hot path are looked up once, here; recording one is an
 * atomic addition. Methods are called on the event loop, scrapes may come from any thread.
 */
public final class GatewayMetrics {
  private static final String UNMATCHED = "none";

  private final MeterRegistry registry;
  private final Map<Operation, Timer> firstToken = new EnumMap<>(Operation.class);
  private final Timer interToken;
  private final Timer queueWait;
  private final Counter promptTokens;
  private final Counter cachedTokens;
  private final Counter completionTokens;
  private final Counter engineRestarts;
  private final Counter workerBusy;
  private final Counter disconnects;
  private final Counter stuckReaders;
  private final Map<String, Counter> rejected = new HashMap<>();
  private final Map<String, Counter> broken = new HashMap<>();
  private final Map<String, Timer> requests = new HashMap<>();
  private final AtomicInteger openRequests = new AtomicInteger();
  private final AtomicInteger connections = new AtomicInteger();
  private volatile FleetFigures figures = FleetFigures.NONE;

  public GatewayMetrics(MeterRegistry registry) {
    this.registry = registry;
    for (Operation operation : Operation.values()) {
      if (operation.body() != Operation.Body.NONE) {
        firstToken.put(
            operation,
            Timer.builder("bitfleet.time.to.first.token")
                .description("Request head to the first text of the completion")
                .tag("operation", operation.id())
                .serviceLevelObjectives(buckets(5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000))
                .register(registry));
      }
    }
    interToken =
        Timer.builder("bitfleet.inter.token.latency")
            .description("Time between two deltas of one choice, per token of the later one")
            .serviceLevelObjectives(buckets(2, 5, 10, 20, 35, 50, 75, 100, 200, 500, 1000))
            .register(registry);
    queueWait =
        Timer.builder("bitfleet.queue.wait")
            .description("Time a completion waited for a slot")
            .serviceLevelObjectives(buckets(1, 10, 100, 1000, 5000, 15_000, 60_000))
            .register(registry);
    promptTokens = counter("bitfleet.prompt.tokens", "Prompt tokens of finished choices");
    cachedTokens = counter("bitfleet.cached.tokens", "Prompt tokens that needed no computing");
    completionTokens = counter("bitfleet.completion.tokens", "Tokens of finished choices");
    engineRestarts = counter("bitfleet.engine.restarts", "Engine restarts workers reported");
    workerBusy = counter("bitfleet.opens.unavailable", "Opens answered busy, or by nobody");
    disconnects = counter("bitfleet.client.disconnects", "Clients that left before their answer");
    stuckReaders = counter("bitfleet.client.stuck", "Clients cut off because they did not read");
    Gauge.builder("bitfleet.queue.depth", () -> figures.queueDepth())
        .description("Completions that wait for a slot")
        .register(registry);
    Gauge.builder("bitfleet.streams", () -> figures.streams())
        .description("Streams open on workers")
        .register(registry);
    Gauge.builder("bitfleet.requests.open", openRequests, AtomicInteger::get)
        .description("Requests that have not been answered in full")
        .register(registry);
    Gauge.builder("bitfleet.connections", connections, AtomicInteger::get)
        .description("Client connections open")
        .register(registry);
    Gauge.builder("bitfleet.slots", () -> figures.slots())
        .description("Slots of ready workers")
        .tag("state", "total")
        .register(registry);
    Gauge.builder("bitfleet.slots", () -> figures.busySlots())
        .description("Slots of ready workers")
        .tag("state", "busy")
        .register(registry);
    for (State state : State.values()) {
      Gauge.builder("bitfleet.workers", () -> figures.workersIn(state))
          .description("Workers by state")
          .tag("state", state.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
  }

  private Counter counter(String name, String description) {
    return Counter.builder(name).description(description).register(registry);
  }

  private static Duration[] buckets(long... millis) {
    Duration[] buckets = new Duration[millis.length];
    for (int i = 0; i < millis.length; i++) {
      buckets[i] = Duration.ofMillis(millis[i]);
    }
    return buckets;
  }

  public void requestBegan() {
    openRequests.incrementAndGet();
  }

  /**
   * A request has been answered, or its client has left.
   *
   * @param operation null when no route matched
   * @param status 499 when the client left first
   */
  public void requestEnded(@Nullable Operation operation, int status, long nanos) {
    openRequests.decrementAndGet();
    String name = operation == null ? UNMATCHED : operation.id();
    requests
        .computeIfAbsent(
            name + ' ' + status,
            key ->
                Timer.builder("bitfleet.requests")
                    .description("Requests by operation and status")
                    .tag("operation", name)
                    .tag("status", Integer.toString(status))
                    .register(registry))
        .record(nanos, TimeUnit.NANOSECONDS);
  }

  public void firstToken(Operation operation, long nanos) {
    Timer timer = firstToken.get(operation);
    if (timer != null) {
      timer.record(nanos, TimeUnit.NANOSECONDS);
    }
  }

  public void interToken(long nanos) {
    interToken.record(nanos, TimeUnit.NANOSECONDS);
  }

  public void waited(long nanos) {
    queueWait.record(nanos, TimeUnit.NANOSECONDS);
  }

  public void finished(Usage usage) {
    promptTokens.increment(usage.promptTokens());
    cachedTokens.increment(usage.cachedTokens());
    completionTokens.increment(usage.completionTokens());
  }

  /**
   * A completion was turned away.
   *
   * @param reason of a fixed few
   */
  public void rejected(String reason) {
    rejected
        .computeIfAbsent(
            reason,
            name ->
                Counter.builder("bitfleet.rejections")
                    .description("Completions turned away before a worker saw them")
                    .tag("reason", name)
                    .register(registry))
        .increment();
  }

  /**
   * A stream broke off.
   *
   * @param cause of a fixed few
   */
  public void attemptBroke(String cause) {
    broken
        .computeIfAbsent(
            cause,
            name ->
                Counter.builder("bitfleet.attempts.broken")
                    .description("Streams that broke off, whether or not they were retried")
                    .tag("cause", name)
                    .register(registry))
        .increment();
  }

  public void engineRestarts(long count) {
    engineRestarts.increment(count);
  }

  public void workerBusy() {
    workerBusy.increment();
  }

  public void clientLeft() {
    disconnects.increment();
  }

  public void stuckReader() {
    stuckReaders.increment();
  }

  /** So many client connections are open now. */
  public void connections(int count) {
    connections.set(count);
  }

  /** The figures that gauges show from now on. */
  public void show(FleetFigures latest) {
    figures = latest;
  }
}
