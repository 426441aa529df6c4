package dev.bitfleet.gateway.store;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What the store counts. Thread-safe. */
final class StoreMetrics {
  private final Timer commits;
  private final DistributionSummary groups;
  private final Counter failures;
  private final AtomicLong bytes = new AtomicLong();

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
  }

  void committed(int writes, long nanos) {
    commits.record(nanos, TimeUnit.NANOSECONDS);
    groups.record(writes);
  }

  void failed() {
    failures.increment();
  }

  void holds(long held) {
    bytes.set(held);
  }
}
