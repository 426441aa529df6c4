package dev.bitfleet.worker.host;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.WorkerCall;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.Offer;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.WorkerVerticle;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the workers of a node, and loads and unloads models while it serves. One command at a time;
 * everything on its event loop. Its workers are deployed from here, so they end when it does.
 */
public final class ModelHost extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(ModelHost.class);

  /** A swap is no hurry: streams of the old model may end by themselves. */
  private static final Duration SWAP_DRAIN = Duration.ofMinutes(15);

  /** How long an unload lets its caller wait for the last streams. */
  private static final Duration UNLOAD_PATIENCE = Duration.ofSeconds(10);

  /** Beyond the engine's own limits: its process, its file. */
  private static final Duration LOAD_GRACE = Duration.ofSeconds(10);

  /** How the engine begins what it says of an adapter. */
  private static final String ADAPTER_FAULT = "the adapter: ";

  private final HostPlan plan;
  private final Function<WorkerOptions, VerticleBase> workers;
  private final LoadPreparation preparation;
  private final List<LoadedModel> models = new ArrayList<>();
  private int workerNumber;
  private boolean busy;
  private @Nullable MessageConsumer<ModelCommand> commands;

  public ModelHost(HostPlan plan) {
    this(plan, WorkerVerticle::new);
  }

  /**
   * @param workers makes what is deployed on a share
   */
  ModelHost(HostPlan plan, Function<WorkerOptions, VerticleBase> workers) {
    this.plan = plan;
    this.workers = workers;
    this.preparation = new LoadPreparation(plan.home(), plan.dataDir(), plan.engine());
  }

  /** Workers are deployed when this is done, and loading. */
  @Override
  public Future<?> start() {
    commands = vertx.eventBus().consumer(BusAddresses.models(plan.nodeId()), this::onCommand);
    List<Future<?>> all = new ArrayList<>();
    all.add(commands.completion());
    for (int rank = 0; rank < plan.models().size(); rank++) {
      ModelSetup setup = plan.models().get(rank);
      all.add(deploy(setup, new Offer(List.of(), rank, setup.keepAlive())).onSuccess(models::add));
    }
    return Future.join(all);
  }

  /** A worker on each share; when one cannot be deployed, those that were are taken back. */
  private Future<LoadedModel> deploy(ModelSetup setup, Offer offer) {
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

  private void onCommand(Message<ModelCommand> message) {
    if (busy) {
      message.reply(
          new ModelReply.Refused(
              ModelReply.Code.IN_PROGRESS, "another model is being loaded or unloaded", ""));
      return;
    }
    busy = true;
    // What it throws at once is its answer too, or no command would ever be taken again.
    Future.succeededFuture()
        .compose(begin -> carryOut(message.body()))
        .otherwise(ModelHost::refusal)
        .onComplete(
            reply -> {
              busy = false;
              message.reply(reply.result());
            });
  }

  private Future<ModelReply> carryOut(ModelCommand command) {
    return switch (command) {
      case ModelCommand.Load load -> load(load);
      case ModelCommand.Unload unload -> unload(unload);
    };
  }

  private static ModelReply refusal(Throwable problem) {
    if (problem instanceof RefusedException refused) {
      return refused.reply();
    }
    LOG.error("a model command failed", problem);
    return new ModelReply.Refused(
        ModelReply.Code.FAILED, "the node could not do it: " + problem, "");
  }

  // ---- load
  // --------------------------------------------------------------------------------------

  private Future<ModelReply> load(ModelCommand.Load load) {
    return vertx
        .executeBlocking(() -> preparation.target(load))
        .compose(target -> loadBeside(load, target));
  }

  private Future<ModelReply> loadBeside(ModelCommand.Load load, LoadPreparation.Target target) {
    Optional<LoadedModel> own = byId(target.id());
    if (!load.replace() && own.isPresent()) {
      return Future.failedFuture(
          new RefusedException(
              ModelReply.Code.INVALID,
              "'" + target.id() + "' is loaded already: replace it, or give this one another id",
              "id"));
    }
    Optional<LoadedModel> replaced = load.replace() ? own.or(this::defaultModel) : Optional.empty();
    ModelSetup setup;
    try {
      setup =
          preparation.setup(
              load,
              target,
              replaced.map(LoadedModel::setup),
              plan.models().stream()
                  .findFirst()
                  .orElseGet(() -> LoadPreparation.fallback(target.file())));
    } catch (RefusedException e) {
      return Future.failedFuture(e);
    }
    Offer offer =
        new Offer(
            replaced.map(old -> aliases(old, setup.id())).orElse(List.of()),
            replaced.map(old -> old.offer().rank()).orElseGet(this::nextRank),
            setup.keepAlive());
    LOG.info("loading {} from {}", setup.id(), setup.file());
    long began = System.nanoTime();
    return start(setup, offer)
        .map(
            loaded -> {
              replaced.ifPresent(models::remove);
              models.add(loaded);
              models.sort(Comparator.comparingInt(model -> model.offer().rank()));
              LOG.info(
                  "loaded {} in {} ms{}",
                  setup.id(),
                  (System.nanoTime() - began) / 1_000_000,
                  replaced.map(old -> ", in place of " + old.setup().id()).orElse(""));
              replaced.ifPresent(this::retire);
              return new ModelReply.Done(setup.id(), "");
            });
  }

  private static List<String> aliases(LoadedModel old, String id) {
    var aliases = new ArrayList<>(old.offer().aliases());
    aliases.add(old.setup().id());
    aliases.removeIf(id::equals);
    return aliases.stream().distinct().toList();
  }

  /** Deploys workers and waits until each has made a token; on failure none is left. */
  private Future<LoadedModel> start(ModelSetup setup, Offer offer) {
    int first = workerNumber;
    Set<String> expected =
        plan.workersOf(setup, offer, first).stream()
            .map(WorkerOptions::workerId)
            .collect(Collectors.toSet());
    Promise<Void> ready = Promise.promise();
    var readiness = new Readiness(expected, true);
    MessageConsumer<WorkerHeartbeat> heartbeats =
        vertx
            .eventBus()
            .consumer(
                BusAddresses.HEARTBEATS,
                message -> {
                  switch (readiness.hear(message.body())) {
                    case Readiness.Verdict.Waiting ignored -> {}
                    case Readiness.Verdict.Ready ignored -> ready.tryComplete();
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
                    new RefusedException(
                        ModelReply.Code.FAILED,
                        "the engine was not ready within " + within.toSeconds() + " s",
                        "")));
    return heartbeats
        .completion()
        .compose(ignored -> deploy(setup, offer))
        .compose(
            loaded ->
                ready
                    .future()
                    .map(loaded)
                    .recover(
                        problem ->
                            undeploy(loaded.setup().id(), loaded.deployments())
                                .transform(gone -> Future.failedFuture(problem))))
        .onComplete(
            ignored -> {
              vertx.cancelTimer(timer);
              heartbeats.unregister();
            });
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

  // ---- unload
  // ------------------------------------------------------------------------------------

  private Future<ModelReply> unload(ModelCommand.Unload unload) {
    Optional<LoadedModel> found =
        byId(unload.model())
            .or(() -> models.stream().filter(each -> each.answersTo(unload.model())).findFirst());
    if (found.isEmpty()) {
      return Future.failedFuture(
          new RefusedException(
              ModelReply.Code.NOT_FOUND,
              "no model '%s' is loaded; loaded are %s"
                  .formatted(
                      unload.model(),
                      models.stream()
                          .map(each -> each.setup().id())
                          .collect(Collectors.joining(", ", "[", "]"))),
              "model"));
    }
    LoadedModel model = found.get();
    models.remove(model);
    Promise<String> patient = Promise.promise();
    retire(model).onComplete(ignored -> patient.tryComplete(""));
    long timer =
        vertx.setTimer(
            UNLOAD_PATIENCE.toMillis(),
            ignored -> patient.tryComplete("its last streams are still running"));
    return patient
        .future()
        .map(
            message -> {
              vertx.cancelTimer(timer);
              return new ModelReply.Done(model.setup().id(), message);
            });
  }

  /** Lets the streams of its workers end, then ends the workers. */
  private Future<Void> retire(LoadedModel model) {
    var patience = new DeliveryOptions().setSendTimeout(SWAP_DRAIN.toMillis());
    return Future.join(
            model.workerIds().stream()
                .map(
                    id ->
                        vertx
                            .eventBus()
                            .<WorkerCall>request(BusAddresses.call(id), WorkerCall.DRAIN, patience))
                .toList())
        .transform(drained -> undeploy(model.setup().id(), model.deployments()))
        .onSuccess(ignored -> LOG.info("{} is unloaded", model.setup().id()));
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

  private Optional<LoadedModel> byId(String id) {
    return models.stream().filter(each -> each.setup().id().equals(id)).findFirst();
  }

  private Optional<LoadedModel> defaultModel() {
    return models.stream().min(Comparator.comparingInt(each -> each.offer().rank()));
  }

  private int nextRank() {
    return models.stream().mapToInt(each -> each.offer().rank()).max().orElse(-1) + 1;
  }
}
