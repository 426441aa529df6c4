package dev.bitfleet.app.serve;

import dev.bitfleet.gateway.GatewayVerticle;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.FleetCodecs;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.WorkerVerticle;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.metrics.MetricsOptions;
import io.vertx.micrometer.MetricsDomain;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** A gateway and its workers in this JVM. Thread-safe. */
public final class LocalFleet {
  /** One for the gateway, and one more for each worker up to so many: the engines need the cores. */
  private static final int MAX_WORKER_LOOPS = 3;

  /** Threads for what blocks: reading a model's metadata, laying out a chat. */
  private static final int BLOCKING_THREADS = 4;

  private final Vertx vertx;
  private final GatewayVerticle gateway;
  private final Promise<List<WorkerHeartbeat>> ready = Promise.promise();
  private volatile String gatewayDeployment = "";
  private final List<String> workerDeployments = new ArrayList<>();

  private LocalFleet(Vertx vertx, GatewayVerticle gateway) {
    this.vertx = vertx;
    this.gateway = gateway;
  }

  /**
   * Starts everything at once. The future completes when the ports are open; workers are then
   * loading, see {@link #ready}. When it fails, nothing is left running.
   */
  public static Future<LocalFleet> start(FleetPlan plan) {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    Vertx vertx = vertx(plan, registry);
    FleetCodecs.register(vertx.eventBus());
    var fleet = new LocalFleet(vertx, new GatewayVerticle(plan.gateway(), registry));
    fleet.listen(
        plan.workers().stream().map(WorkerOptions::workerId).collect(Collectors.toSet()));
    Future<?> gatewayUp =
        vertx.deployVerticle(fleet.gateway).onSuccess(id -> fleet.gatewayDeployment = id);
    var all = new ArrayList<Future<?>>(List.of(gatewayUp));
    for (WorkerOptions worker : plan.workers()) {
      all.add(
          vertx
              .deployVerticle(new WorkerVerticle(worker))
              .onSuccess(
                  id -> {
                    synchronized (fleet.workerDeployments) {
                      fleet.workerDeployments.add(id);
                    }
                  }));
    }
    return Future.join(all)
        .map(fleet)
        .recover(problem -> vertx.close().transform(closed -> Future.failedFuture(problem)));
  }

  private static Vertx vertx(FleetPlan plan, PrometheusMeterRegistry registry) {
    MetricsOptions metrics =
        new MicrometerMetricsOptions()
            .setEnabled(true)
            // Connections and pools; what a request costs is the gateway's own to measure.
            .setDisabledMetricsCategories(
                Set.of(
                    MetricsDomain.EVENT_BUS.toCategory(),
                    MetricsDomain.VERTICLES.toCategory(),
                    MetricsDomain.DATAGRAM_SOCKET.toCategory(),
                    MetricsDomain.HTTP_CLIENT.toCategory(),
                    MetricsDomain.NET_CLIENT.toCategory()));
    return Vertx.builder()
        .with(
            new VertxOptions()
                .setEventLoopPoolSize(1 + Math.min(MAX_WORKER_LOOPS, plan.workers().size()))
                .setWorkerPoolSize(BLOCKING_THREADS)
                .setInternalBlockingPoolSize(BLOCKING_THREADS)
                .setMetricsOptions(metrics)
                // Nothing is served from the class path; the cache would be a folder in /tmp.
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setFileCachingEnabled(false)
                        .setClassPathResolvingEnabled(false)))
        .withMetrics(new MicrometerMetricsFactory(registry))
        .build();
  }

  private void listen(Set<String> workerIds) {
    var readiness = new Readiness(workerIds);
    MessageConsumer<WorkerHeartbeat> heartbeats = vertx.eventBus().consumer(BusAddresses.HEARTBEATS);
    heartbeats.handler(
        message -> {
          switch (readiness.hear(message.body())) {
            case Readiness.Verdict.Waiting ignored -> {
              return;
            }
            case Readiness.Verdict.Ready all -> ready.tryComplete(all.workers());
            case Readiness.Verdict.Failed failed ->
                ready.tryFail(new WorkerFailedException(failed.worker()));
          }
          heartbeats.unregister();
        });
  }

  /**
   * The workers, once every one of them has made a token; or {@link WorkerFailedException} when one
   * gave up.
   */
  public Future<List<WorkerHeartbeat>> ready() {
    return ready.future();
  }

  /** The API's port. */
  public int port() {
    return gateway.port();
  }

  /** The management port. */
  public int managementPort() {
    return gateway.managementPort();
  }

  /**
   * Takes no new requests, lets streams end within the gateway's drain timeout, stops the workers
   * and then Vert.x.
   */
  public Future<?> stop() {
    return undeploy(gatewayDeployment)
        .transform(
            ignored -> {
              synchronized (workerDeployments) {
                return Future.join(workerDeployments.stream().map(this::undeploy).toList());
              }
            })
        .transform(ignored -> vertx.close());
  }

  private Future<Void> undeploy(String deployment) {
    return deployment.isEmpty() ? Future.succeededFuture() : vertx.undeploy(deployment);
  }
}
