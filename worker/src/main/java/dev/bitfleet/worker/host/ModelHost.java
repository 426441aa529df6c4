package dev.bitfleet.worker.host;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.RolloutCommand;
import dev.bitfleet.proto.RolloutReply;
import dev.bitfleet.worker.Offer;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.WorkerVerticle;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the workers of a node, and loads and unloads models while it serves: by itself, or with
 * other nodes as {@link RolloutParticipant} has it. One command at a time; everything on its event
 * loop. Its workers are deployed from here, so they end when it does.
 */
public final class ModelHost extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(ModelHost.class);

  /** How long an unload lets its caller wait for the last streams. */
  private static final Duration UNLOAD_PATIENCE = Duration.ofSeconds(10);

  private final HostPlan plan;
  private final Function<WorkerOptions, VerticleBase> workers;
  private final LoadPreparation preparation;
  private final List<LoadedModel> models = new ArrayList<>();
  private boolean busy;
  private @Nullable Deployer made;

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
    var deployer = new Deployer(vertx, plan, workers);
    made = deployer;
    var participant = new RolloutParticipant(vertx, new Loads(), ModelHost::refusal);
    List<Future<?>> all = new ArrayList<>();
    all.add(
        vertx
            .eventBus()
            .<ModelCommand>consumer(BusAddresses.models(plan.nodeId()), this::onCommand)
            .completion());
    all.add(
        vertx
            .eventBus()
            .<RolloutCommand>consumer(BusAddresses.rollout(plan.nodeId()), participant::on)
            .completion());
    for (int rank = 0; rank < plan.models().size(); rank++) {
      ModelSetup setup = plan.models().get(rank);
      all.add(
          deployer
              .deploy(setup, new Offer(List.of(), rank, setup.keepAlive()))
              .onSuccess(models::add));
    }
    return Future.join(all);
  }

  private Deployer deployer() {
    return Objects.requireNonNull(made, "not started");
  }

  /** Has its workers take no new streams, when others can. To be called from any thread. */
  public void drain() {
    context.runOnContext(ignored -> models.forEach(deployer()::drain));
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

  private static ModelReply.Refused refusal(Throwable problem) {
    if (problem instanceof RefusedException refused) {
      return refused.reply();
    }
    LOG.error("a model command failed", problem);
    return new ModelReply.Refused(
        ModelReply.Code.FAILED, "the node could not do it: " + problem, "");
  }

  // ---- load

  private Future<ModelReply> load(ModelCommand.Load load) {
    return stage(load, Future.future(never -> {}))
        .compose(staged -> commit(staged).map(new ModelReply.Done(staged.id(), "")));
  }

  private Future<StagedLoad> stage(ModelCommand.Load load, Future<?> givenUp) {
    return vertx
        .executeBlocking(() -> preparation.target(load))
        .compose(target -> stageBeside(load, target, givenUp));
  }

  private Future<StagedLoad> stageBeside(
      ModelCommand.Load load, LoadPreparation.Target target, Future<?> givenUp) {
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
    var offer =
        new Offer(
            replaced.map(old -> aliases(old, setup.id())).orElse(List.of()),
            replaced.map(old -> old.offer().rank()).orElseGet(this::nextRank),
            setup.keepAlive(),
            true);
    LOG.info("loading {} from {}", setup.id(), setup.file());
    long began = System.nanoTime();
    return deployer()
        .prove(setup, offer, givenUp)
        .map(
            proven -> {
              LOG.info("{} is there after {} ms", setup.id(), millisSince(began));
              return new StagedLoad(proven.model(), replaced, proven.heartbeats());
            });
  }

  private static long millisSince(long began) {
    return Duration.ofNanos(System.nanoTime() - began).toMillis();
  }

  private static List<String> aliases(LoadedModel old, String id) {
    var aliases = new ArrayList<>(old.offer().aliases());
    aliases.add(old.setup().id());
    aliases.removeIf(id::equals);
    return aliases.stream().distinct().toList();
  }

  private Future<Void> commit(StagedLoad staged) {
    return deployer()
        .offer(staged.loaded())
        .onSuccess(
            offered -> {
              staged.replaced().ifPresent(models::remove);
              models.add(staged.loaded());
              models.sort(Comparator.comparingInt(model -> model.offer().rank()));
              LOG.info(
                  "loaded {}{}",
                  staged.id(),
                  staged.replaced().map(old -> ", in place of " + old.setup().id()).orElse(""));
              staged.replaced().ifPresent(deployer()::retire);
            });
  }

  /** The same for a load that other nodes have to agree to. */
  private final class Loads implements RolloutParticipant.Loads {
    @Override
    public boolean begin() {
      boolean free = !busy;
      busy = true;
      return free;
    }

    @Override
    public Future<StagedLoad> stage(ModelCommand.Load load, Future<?> givenUp) {
      return ModelHost.this.stage(load, givenUp);
    }

    @Override
    public Future<RolloutReply.Prepared> ask(String rollout, StagedLoad staged) {
      return new Canary(vertx, plan.nodeId(), plan.supervision().probeTimeout())
          .ask(rollout, staged.workers());
    }

    @Override
    public Future<Void> commit(StagedLoad staged) {
      return ModelHost.this.commit(staged);
    }

    @Override
    public Future<Void> discard(StagedLoad staged) {
      LOG.info("{} is taken back", staged.id());
      return deployer().undeploy(staged.loaded());
    }

    @Override
    public void end() {
      busy = false;
    }
  }

  // ---- unload

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
    deployer().retire(model).onComplete(ignored -> patient.tryComplete(""));
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
