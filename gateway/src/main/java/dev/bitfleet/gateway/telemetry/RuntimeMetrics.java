package dev.bitfleet.gateway.telemetry;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.vertx.core.metrics.MetricsOptions;
import io.vertx.micrometer.Label;
import io.vertx.micrometer.MetricsDomain;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.util.EnumSet;

/** Meters of what carries the gateway: the JVM, and Vert.x itself. */
public final class RuntimeMetrics {
  private RuntimeMetrics() {}

  /** Memory, garbage collection, threads, processor, file descriptors, uptime. Bind once. */
  @SuppressWarnings("resource") // Its one listener lives as long as the process.
  public static void bindJvm(MeterRegistry registry) {
    new JvmMemoryMetrics().bindTo(registry);
    new JvmGcMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
  }

  /**
   * Vert.x's own meters on that registry, for {@code Vertx.builder().withMetrics(…)}; see {@link
   * #vertxMetricsOptions}.
   */
  public static MicrometerMetricsFactory vertxMetrics(MeterRegistry registry) {
    return new MicrometerMetricsFactory(registry);
  }

  /**
   * Thread pools only. What Vert.x counts of HTTP and the bus is labelled with methods, paths and
   * addresses, which clients could make grow without bound, and {@link GatewayMetrics} counts it by
   * operation.
   */
  public static MetricsOptions vertxMetricsOptions() {
    MicrometerMetricsOptions options =
        new MicrometerMetricsOptions()
            .setEnabled(true)
            .setLabels(EnumSet.of(Label.POOL_TYPE, Label.POOL_NAME));
    for (MetricsDomain domain : EnumSet.complementOf(EnumSet.of(MetricsDomain.NAMED_POOLS))) {
      options.addDisabledMetricsCategory(domain.toCategory());
    }
    return options;
  }
}
