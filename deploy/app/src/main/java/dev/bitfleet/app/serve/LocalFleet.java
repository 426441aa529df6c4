package dev.bitfleet.app.serve;

import dev.bitfleet.gateway.GatewayVerticle;
import dev.bitfleet.gateway.http.ExtraRoute;
import dev.bitfleet.gateway.telemetry.RuntimeMetrics;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.FleetCodecs;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.host.ModelHost;
import dev.bitfleet.worker.host.Readiness;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.file.FileSystemOptions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A gateway and its workers in this JVM. Thread-safe. */
public final class LocalFleet {
  private static final Logger LOG = LoggerFactory.getLogger(LocalFleet.class);

  /**
   * One for the gateway, and one more for each worker up to so many: the engines need the cores.
   */
  private static final int MAX_WORKER_LOOPS = 3;

  /** Threads for what blocks: reading a model's metadata, laying out a chat. */
  private static final int BLOCKING_THREADS = 4;

  private final Vertx vertx;
  private final GatewayVerticle gateway;
  private final Promise<List<WorkerHeartbeat>> ready = Promise.promise();
  private volatile String gatewayDeployment = "";
  private volatile String hostDeployment = "";

  private LocalFleet(Vertx vertx, GatewayVerticle gateway) {
    this.vertx = vertx;
    this.gateway = gateway;
  }

  /**
   * Starts everything at once. Returns when the ports are open; workers are then loading, see
   * {@link #ready}. To be called from a thread of no Vert.x. When it fails, nothing is left
   * running.
   *
   * @throws ExecutionException with the reason as its cause
   */
  public static LocalFleet start(FleetPlan plan) throws ExecutionException, InterruptedException {
    return start(plan, List.of());
  }

  /**
   * The same with routes of the program around it.
   *
   * @throws ExecutionException with the reason as its cause
   */
  public static LocalFleet start(FleetPlan plan, List<ExtraRoute> routes)
      throws ExecutionException, InterruptedException {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    RuntimeMetrics.bindJvm(registry);
    Vertx vertx = vertx(plan, registry);
    FleetCodecs.register(vertx.eventBus());
    var fleet = new LocalFleet(vertx, new GatewayVerticle(plan.gateway(), registry, routes));
    fleet.listen(plan.workers().stream().map(WorkerOptions::workerId).collect(Collectors.toSet()));
    Future<String> gatewayUp = vertx.deployVerticle(fleet.gateway);
    Future<String> hostUp = vertx.deployVerticle(new ModelHost(plan.host()));
    // A worker that gives up ends the start at once, however far the gateway has come.
    var gaveUp = new CompletableFuture<Object>();
    fleet.ready.future().onFailure(gaveUp::completeExceptionally);
    try {
      var unused =
          CompletableFuture.anyOf(
                  Future.join(gatewayUp, hostUp).toCompletionStage().toCompletableFuture(), gaveUp)
              .get();
    } catch (ExecutionException | InterruptedException e) {
      closeQuietly(vertx);
      throw e;
    }
    fleet.gatewayDeployment = gatewayUp.result();
    fleet.hostDeployment = hostUp.result();
    return fleet;
  }

  private static void closeQuietly(Vertx vertx) {
    try {
      vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("Vert.x did not close", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Vertx vertx(FleetPlan plan, PrometheusMeterRegistry registry) {
    return Vertx.builder()
        .with(
            new VertxOptions()
                .setEventLoopPoolSize(1 + Math.min(MAX_WORKER_LOOPS, plan.workers().size()))
                .setWorkerPoolSize(BLOCKING_THREADS)
                .setInternalBlockingPoolSize(BLOCKING_THREADS)
                .setMetricsOptions(RuntimeMetrics.vertxMetricsOptions())
                // Nothing is served from the class path; the cache would be a folder in /tmp.
                .setFileSystemOptions(
                    new FileSystemOptions()
                        .setFileCachingEnabled(false)
                        .setClassPathResolvingEnabled(false)))
        .withMetrics(RuntimeMetrics.vertxMetrics(registry))
        .build();
  }

  private void listen(Set<String> workerIds) {
    var readiness = new Readiness(workerIds, false);
    MessageConsumer<WorkerHeartbeat> heartbeats =
        vertx.eventBus().consumer(BusAddresses.HEARTBEATS);
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
   * and then Vert.x. Blocks; to be called from a thread of no Vert.x, because the last step ends
   * every event loop that could tell of its own end.
   *
   * @param atMost for all of it
   * @throws TimeoutException when it took longer; what is left then ends with the process
   */
  public void stop(Duration atMost) throws TimeoutException, InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    await(vertx.undeploy(gatewayDeployment), deadline);
    await(vertx.undeploy(hostDeployment), deadline);
    await(vertx.close(), deadline);
  }

  /** A step that failed must not keep the next from being taken. */
  private static void await(Future<?> step, long deadline)
      throws TimeoutException, InterruptedException {
    try {
      step.toCompletionStage()
          .toCompletableFuture()
          .get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      LOG.warn("stopping", e.getCause());
    }
  }
}
