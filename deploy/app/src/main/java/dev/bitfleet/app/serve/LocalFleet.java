package dev.bitfleet.app.serve;

import dev.bitfleet.app.cluster.ClusterException;
import dev.bitfleet.app.cluster.ClusterNode;
import dev.bitfleet.gateway.GatewayVerticle;
import dev.bitfleet.gateway.ManagementVerticle;
import dev.bitfleet.gateway.http.ExtraRoute;
import dev.bitfleet.gateway.management.NodeView;
import dev.bitfleet.gateway.store.Membership;
import dev.bitfleet.gateway.telemetry.RuntimeMetrics;
import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.FleetCodecs;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.host.ModelHost;
import dev.bitfleet.worker.host.Readiness;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What of a fleet is in this JVM: a gateway, workers, or both. Thread-safe. */
public final class LocalFleet {
  private static final Logger LOG = LoggerFactory.getLogger(LocalFleet.class);

  /**
   * One for the gateway, and one more for each worker up to so many: the engines need the cores.
   */
  private static final int MAX_WORKER_LOOPS = 3;

  /** Threads for what blocks: reading a model's metadata, laying out a chat. */
  private static final int BLOCKING_THREADS = 4;

  private final Vertx vertx;
  private final Set<String> workerIds;
  private final Optional<ClusterNode> cluster;
  private final Front front;
  private final Optional<ModelHost> host;
  private final Promise<List<WorkerHeartbeat>> ready = Promise.promise();
  private volatile String frontDeployment = "";
  private volatile String hostDeployment = "";

  private LocalFleet(
      Vertx vertx,
      Set<String> workerIds,
      Optional<ClusterNode> cluster,
      Front front,
      Optional<ModelHost> host) {
    this.vertx = vertx;
    this.workerIds = workerIds;
    this.cluster = cluster;
    this.front = front;
    this.host = host;
  }

  /** What listens: a gateway, or the operators' port alone. */
  private sealed interface Front {
    Deployable verticle();

    int managementPort();

    record Gateway(GatewayVerticle verticle) implements Front {
      @Override
      public int managementPort() {
        return verticle.managementPort();
      }
    }

    record Operators(ManagementVerticle verticle) implements Front {
      @Override
      public int managementPort() {
        return verticle.port();
      }
    }
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
    Optional<ClusterNode> cluster = join(plan);
    Vertx vertx;
    try {
      vertx = vertx(plan, cluster, registry);
    } catch (ExecutionException | InterruptedException e) {
      cluster.ifPresent(ClusterNode::close);
      throw e;
    }
    FleetCodecs.register(vertx.eventBus());
    Front front =
        plan.role().answers()
            ? new Front.Gateway(
                new GatewayVerticle(
                    plan.gateway(),
                    cluster.map(ClusterNode::membership),
                    cluster
                        .<Supplier<List<NodeView>>>map(node -> node::nodes)
                        .orElseGet(() -> GatewayVerticle.nodes(plan.gateway())),
                    registry,
                    routes))
            : new Front.Operators(
                new ManagementVerticle(plan.gateway(), cluster.orElseThrow()::nodes, registry));
    Set<String> workerIds =
        plan.workers().stream().map(WorkerOptions::workerId).collect(Collectors.toSet());
    Optional<ModelHost> host = plan.host().map(ModelHost::new);
    var fleet = new LocalFleet(vertx, workerIds, cluster, front, host);
    fleet.listen();
    Future<String> frontUp = vertx.deployVerticle(front.verticle());
    Future<String> hostUp = host.map(vertx::deployVerticle).orElse(Future.succeededFuture(""));
    // A worker that gives up ends the start at once, however far the gateway has come.
    var gaveUp = new CompletableFuture<Object>();
    fleet.ready.future().onFailure(gaveUp::completeExceptionally);
    try {
      var unused =
          CompletableFuture.anyOf(
                  Future.join(frontUp, hostUp).toCompletionStage().toCompletableFuture(), gaveUp)
              .get();
    } catch (ExecutionException | InterruptedException e) {
      closeQuietly(vertx);
      cluster.ifPresent(ClusterNode::close);
      throw e;
    }
    fleet.frontDeployment = frontUp.result();
    fleet.hostDeployment = hostUp.result();
    return fleet;
  }

  private static Optional<ClusterNode> join(FleetPlan plan) throws ExecutionException {
    if (plan.cluster().isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(ClusterNode.join(plan.cluster().get(), Membership::configure));
    } catch (ClusterException e) {
      throw new ExecutionException(e);
    }
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

  /** Event loops beside so many workers. */
  public static int eventLoops(int workers) {
    return 1 + Math.min(MAX_WORKER_LOOPS, workers);
  }

  private static Vertx vertx(
      FleetPlan plan, Optional<ClusterNode> cluster, PrometheusMeterRegistry registry)
      throws ExecutionException, InterruptedException {
    var options =
        new VertxOptions()
            .setEventLoopPoolSize(eventLoops(plan.workers().size()))
            .setWorkerPoolSize(BLOCKING_THREADS)
            .setInternalBlockingPoolSize(BLOCKING_THREADS)
            .setMetricsOptions(RuntimeMetrics.vertxMetricsOptions())
            // Nothing is served from the class path; the cache would be a folder in /tmp.
            .setFileSystemOptions(
                new FileSystemOptions()
                    .setFileCachingEnabled(false)
                    .setClassPathResolvingEnabled(false));
    cluster.ifPresent(node -> options.setEventBusOptions(node.bus()));
    VertxBuilder builder =
        Vertx.builder().with(options).withMetrics(RuntimeMetrics.vertxMetrics(registry));
    return cluster.isPresent() ? cluster.get().vertx(builder) : builder.build();
  }

  private void listen() {
    if (workerIds.isEmpty()) {
      ready.complete(List.of());
      return;
    }
    var readiness = new Readiness(workerIds, false);
    vertx
        .eventBus()
        .<WorkerHeartbeat>consumer(BusAddresses.HEARTBEATS)
        .handler(
            message -> {
              if (!ready.future().isComplete()) {
                switch (readiness.hear(message.body())) {
                  case Readiness.Verdict.Waiting ignored -> {}
                  case Readiness.Verdict.Ready all -> ready.tryComplete(all.workers());
                  case Readiness.Verdict.Failed failed ->
                      ready.tryFail(new WorkerFailedException(failed.worker()));
                }
              }
            });
  }

  /**
   * The workers, once every one of them has made a token; or {@link WorkerFailedException} when one
   * gave up.
   */
  public Future<List<WorkerHeartbeat>> ready() {
    return ready.future();
  }

  /**
   * The API's port.
   *
   * @throws IllegalStateException when there is none: nobody but gateways comes to a worker
   */
  public int port() {
    return switch (front) {
      case Front.Gateway gateway -> gateway.verticle().port();
      case Front.Operators ignored -> throw new IllegalStateException("a worker has no API");
    };
  }

  /** The management port. */
  public int managementPort() {
    return front.managementPort();
  }

  /** Nodes of the cluster, as they are now; 1 when it serves alone. */
  public int nodes() {
    return cluster.map(ClusterNode::size).orElse(1);
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
    if (nodes() > 1) {
      // Others can take what comes from now on, while this gateway sees its own streams through.
      host.ifPresent(ModelHost::drain);
    }
    await(vertx.undeploy(frontDeployment), deadline);
    if (!hostDeployment.isEmpty()) {
      await(vertx.undeploy(hostDeployment), deadline);
    }
    await(vertx.close(), deadline);
    cluster.ifPresent(ClusterNode::close);
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
