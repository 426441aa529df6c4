package dev.bitfleet.worker.host;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.WorkerCall;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.Offer;
import dev.bitfleet.worker.WorkerOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.MessageConsumer;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deploys the workers of models, sees them prove themselves, and ends them. Event loop of
 * ModelHost.
 */
final class Deployer {
  private static final Logger LOG = LoggerFactory.getLogger(Deployer.class);

  /** A swap is no hurry: streams of the old model may end by themselves. */
  private static final Duration SWAP_DRAIN = Duration.ofMinutes(15);

  /** Beyond the engine's own limits: its process, its file. */
  private static final Duration LOAD_GRACE = Duration.ofSeconds(10);

  /** How the engine begins what it says of an adapter. */
  private static final String ADAPTER_FAULT = "the adapter: ";

  private final Vertx vertx;
  private final HostPlan plan;
  private final Function<WorkerOptions, VerticleBase> workers;
  private int workerNumber;

  /**
   * @param workers makes what is deployed on a share
   */
  Deployer(Vertx vertx, HostPlan plan, Function<WorkerOptions, VerticleBase> workers) {
    this.vertx = vertx;
    this.plan = plan;
    this.workers = workers;
  }

  /**
   * Workers that have made a token.
   *
   * @param heartbeats of theirs, by worker id
   */
  record Proven(LoadedModel model, List<WorkerHeartbeat> heartbeats) {}

  /** A worker on each share; when one cannot be deployed, those that were are taken back. */
  Future<LoadedModel> deploy(ModelSetup setup, Offer offer) {
    List<WorkerOptions> options = plan.workersOf(setup, offer, workerNumber);
    workerNumber += options.size();
    List<Future<String>> deployments = options.stream().map(this::deploy).toList();
    return Future.join(deployments)
        .map(
            ignored ->
                new LoadedModel(
                    setup,
                    offer,
                    options.stream().map(WorkerOptions::workerId).toList(),
                    deployments.stream().map(Future::result).toList()))
        .recover(
            problem ->
                undeploy(
                        setup.id(),
                        deployments.stream().filter(Future::succeeded).map(Future::result).toList())
                    .transform(gone -> Future.failedFuture(problem)));
  }

  /** What making it throws is how its deployment failed: its siblings must hear of it. */
  private Future<String> deploy(WorkerOptions options) {
    return Future.succeededFuture().compose(begin -> vertx.deployVerticle(workers.apply(options)));
  }

  /**
   * Deploys workers and waits until each has made a token; on failure none is left.
   *
   * @param givenUp completes when nobody wants them any more
   */
  Future<Proven> prove(ModelSetup setup, Offer offer, Future<?> givenUp) {
    Set<String> expected =
        plan.workersOf(setup, offer, workerNumber).stream()
            .map(WorkerOptions::workerId)
            .collect(Collectors.toSet());
    Promise<List<WorkerHeartbeat>> ready = Promise.promise();
    var readiness = new Readiness(expected, true);
    MessageConsumer<WorkerHeartbeat> heartbeats =
        vertx
            .eventBus()
            .consumer(
                BusAddresses.HEARTBEATS,
                message -> {
                  switch (readiness.hear(message.body())) {
                    case Readiness.Verdict.Waiting ignored -> {}
                    case Readiness.Verdict.Ready all -> ready.tryComplete(all.workers());
                    case Readiness.Verdict.Failed failed ->
                        ready.tryFail(refusalOf(failed.worker().detail()));
                  }
                });
    Duration within =
        plan.supervision().loadTimeout().plus(plan.supervision().probeTimeout()).plus(LOAD_GRACE);
    long timer =
        vertx.setTimer(
            within.toMillis(),
            ignored ->
                ready.tryFail(
                    failure("the engine was not ready within " + within.toSeconds() + " s")));
    givenUp.onComplete(ignored -> ready.tryFail(failure("it was given up")));
    return heartbeats
        .completion()
        .compose(ignored -> deploy(setup, offer))
        .compose(
            loaded ->
                ready
                    .future()
                    .map(all -> new Proven(loaded, all))
                    .recover(
                        problem ->
                            undeploy(loaded).transform(gone -> Future.failedFuture(problem))))
        .onComplete(
            ignored -> {
              vertx.cancelTimer(timer);
              heartbeats.unregister();
            });
  }

  private static RefusedException failure(String message) {
    return new RefusedException(ModelReply.Code.FAILED, message, "");
  }

  /** The engine names its codes in brackets at the end. */
  private static RefusedException refusalOf(String detail) {
    if (detail.endsWith("(out_of_memory)")) {
      return new RefusedException(
          ModelReply.Code.NO_MEMORY,
          "there is not enough memory to load it beside what is loaded: " + detail,
          "");
    }
    boolean adapter = detail.startsWith(ADAPTER_FAULT);
    boolean file = detail.endsWith("(bad_file)") || detail.endsWith("(unsupported_model)");
    return new RefusedException(
        file ? ModelReply.Code.UNUSABLE : ModelReply.Code.FAILED,
        (adapter ? "the model cannot be loaded with " : "the model cannot be loaded: ") + detail,
        !file ? "" : adapter ? "adapter" : "model");
  }

  /** Tells the fleet of workers that were withheld. */
  Future<Void> offer(LoadedModel model) {
    return Future.join(model.workerIds().stream().map(id -> call(id, WorkerCall.OFFER)).toList())
        .mapEmpty();
  }

  /** Has its workers take nothing new; done when the last stream has ended. */
  Future<?> drain(LoadedModel model) {
    return Future.join(model.workerIds().stream().map(id -> call(id, WorkerCall.DRAIN)).toList());
  }

  /** Lets the streams of its workers end, then ends the workers. */
  Future<Void> retire(LoadedModel model) {
    return drain(model)
        .transform(drained -> undeploy(model))
        .onSuccess(ignored -> LOG.info("{} is unloaded", model.setup().id()));
  }

  private Future<?> call(String worker, WorkerCall call) {
    return vertx
        .eventBus()
        .<WorkerCall>request(
            BusAddresses.call(worker),
            call,
            new DeliveryOptions().setSendTimeout(SWAP_DRAIN.toMillis()));
  }

  /** Ends its workers; their streams have the node's own time to stop. */
  Future<Void> undeploy(LoadedModel model) {
    return undeploy(model.setup().id(), model.deployments());
  }

  private Future<Void> undeploy(String model, List<String> deployments) {
    // Those of a node that is going down are gone without us.
    return Future.join(
            deployments.stream()
                .filter(vertx.deploymentIDs()::contains)
                .map(vertx::undeploy)
                .toList())
        .<Void>mapEmpty()
        .recover(
            problem -> {
              LOG.warn("a worker of {} did not end well", model, problem);
              return Future.succeededFuture();
            });
  }
}
