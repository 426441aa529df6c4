package dev.bitfleet.gateway.store;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the store counts: one for a store, however often it has to be opened, since a registry knows
 * the first of each name. Thread-safe.
 */
final class StoreMetrics {
  private final Timer commits;
  private final DistributionSummary groups;
  private final Counter failures;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicInteger failing = new AtomicInteger();

  StoreMetrics(MeterRegistry registry) {
    commits =
        Timer.builder("bitfleet.store.commit")
            .description("Time of one transaction of the journal, its sync included")
            .serviceLevelObjectives(
                Duration.ofMillis(1),
                Duration.ofMillis(5),
                Duration.ofMillis(20),
                Duration.ofMillis(100),
                Duration.ofSeconds(1))
            .register(registry);
    groups =
        DistributionSummary.builder("bitfleet.store.group")
            .description("Writes that shared one transaction of the journal")
            .register(registry);
    failures =
        Counter.builder("bitfleet.store.failures")
            .description("Transactions of the journal that failed")
            .register(registry);
    Gauge.builder("bitfleet.store.bytes", bytes, AtomicLong::get)
        .description("Bytes this node holds in its maps")
        .register(registry);
    Gauge.builder("bitfleet.store.failing", failing, AtomicInteger::get)
        .description("1 when nothing could be kept the last time that was tried, else 0")
        .register(registry);
  }

  void committed(int writes, long nanos) {
    failing.set(0);
    commits.record(nanos, TimeUnit.NANOSECONDS);
    groups.record(writes);
  }

  void failed() {
    failing.set(1);
    failures.increment();
  }

  /** The journal could be opened, or not. */
  void opened(boolean well) {
    failing.set(well ? 0 : 1);
  }

  void holds(long held) {
    bytes.set(held);
  }
}
