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
   * Vert.x's own meters on that registry, for {@code Vertx.builder().withMetrics(…)}. Labels a
   * client could write (paths, methods, addresses) are off: they would grow without bound.
   */
  public static MicrometerMetricsFactory vertxMetrics(MeterRegistry registry) {
    return new MicrometerMetricsFactory(registry);
  }

  /** The options that go with {@link #vertxMetrics}. */
  public static MetricsOptions vertxMetricsOptions() {
    MicrometerMetricsOptions options =
        new MicrometerMetricsOptions()
            .setEnabled(true)
            .setLabels(EnumSet.of(Label.HTTP_CODE, Label.POOL_TYPE, Label.POOL_NAME));
    for (MetricsDomain domain :
        EnumSet.of(
            MetricsDomain.EVENT_BUS,
            MetricsDomain.DATAGRAM_SOCKET,
            MetricsDomain.NET_CLIENT,
            MetricsDomain.HTTP_CLIENT)) {
      options.addDisabledMetricsCategory(domain.toCategory());
    }
    return options;
  }
}
