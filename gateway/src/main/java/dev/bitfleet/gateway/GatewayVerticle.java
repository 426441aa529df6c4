package dev.bitfleet.gateway;

import dev.bitfleet.gateway.admission.AdmissionQueue;
import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.conversation.ConversationOperations;
import dev.bitfleet.gateway.dialect.DialectSettings;
import dev.bitfleet.gateway.dialect.llamacpp.TextQuestions;
import dev.bitfleet.gateway.dialect.openai.ChatDialect;
import dev.bitfleet.gateway.dialect.responses.ResponsesDialect;
import dev.bitfleet.gateway.dispatch.ContextFit;
import dev.bitfleet.gateway.dispatch.DispatchLimits;
import dev.bitfleet.gateway.dispatch.Dispatcher;
import dev.bitfleet.gateway.dispatch.EmbeddingService;
import dev.bitfleet.gateway.dispatch.FleetBus;
import dev.bitfleet.gateway.dispatch.ModelControl;
import dev.bitfleet.gateway.dispatch.TextService;
import dev.bitfleet.gateway.http.AccessRules;
import dev.bitfleet.gateway.http.ExtraRoute;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.HttpFront;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.keys.KeyFileException;
import dev.bitfleet.gateway.keys.LiveKeys;
import dev.bitfleet.gateway.management.ManagementServer;
import dev.bitfleet.gateway.management.NodeView;
import dev.bitfleet.gateway.operations.CompletionRunner;
import dev.bitfleet.gateway.operations.EmbeddingsHandler;
import dev.bitfleet.gateway.operations.GeneratingOperations;
import dev.bitfleet.gateway.operations.GrammarCompiler;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.operations.ModelControlHandler;
import dev.bitfleet.gateway.operations.ModelInfoHandler;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.operations.ServiceHandler;
import dev.bitfleet.gateway.operations.SlotsHandler;
import dev.bitfleet.gateway.operations.TextHandler;
import dev.bitfleet.gateway.operations.UnknownModels;
import dev.bitfleet.gateway.responses.FleetAccess;
import dev.bitfleet.gateway.responses.ResponseLimits;
import dev.bitfleet.gateway.responses.ResponseOperations;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.gateway.store.Membership;
import dev.bitfleet.gateway.store.Store;
import dev.bitfleet.gateway.telemetry.GatewayMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A gateway: puts the rooms together and holds them while it is deployed. Deploy one instance per
 * gateway id, on an event loop; {@code FleetCodecs} must be registered on its Vert.x.
 */
public final class GatewayVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(GatewayVerticle.class);

  /** Engines one completion may cost; see {@link DispatchLimits}. */
  private static final int ENGINE_LOSSES = 2;

  /** A revoked key is good for this much longer. */
  private static final long KEY_REFRESH_MILLIS = 1000;

  /**
   * The store takes a second of a core to open. It opens by itself when nobody has needed it until
   * then, so as not to take that second from the first answers. As often it is looked for responses
   * that a node has left behind.
   */
  private static final long STORE_PACE_MILLIS = 3000;

  /** A node of a fleet is not ready before its store is, but it can do without for a while. */
  private static final long STORE_FIRST_NANOS = Duration.ofSeconds(15).toNanos();

  private final GatewayOptions options;
  private final Optional<Membership> cluster;
  private final Supplier<List<NodeView>> nodes;
  private final PrometheusMeterRegistry registry;
  private final List<ExtraRoute> extra;
  private volatile int port;
  private volatile int managementPort;
  private volatile boolean stopping;
  private volatile boolean opened;
  private volatile long startedNanos;
  private long keyTimer = -1;
  private @Nullable FleetBus fleetBus;
  private @Nullable HttpFront front;
  private @Nullable ManagementServer management;
  private @Nullable Store store;
  private @Nullable ResponseOperations responses;
  private long storeTimer = -1;
  private boolean tending;

  /**
   * @param registry gets the gateway's meters and is what {@code /metrics} shows
   */
  public GatewayVerticle(GatewayOptions options, PrometheusMeterRegistry registry) {
    this(options, Optional.empty(), nodes(options), registry, List.of());
  }

  /**
   * @param cluster empty when this gateway is the only one
   * @param nodes of the cluster, as they are now
   * @param extra routes of the program that has this gateway within it
   */
  public GatewayVerticle(
      GatewayOptions options,
      Optional<Membership> cluster,
      Supplier<List<NodeView>> nodes,
      PrometheusMeterRegistry registry,
      List<ExtraRoute> extra) {
    this.options = options;
    this.cluster = cluster;
    this.nodes = nodes;
    this.registry = registry;
    this.extra = List.copyOf(extra);
  }

  /** Of a gateway that is the only one. */
  public static Supplier<List<NodeView>> nodes(GatewayOptions options) {
    return () -> List.of(NodeView.alone(options.gatewayId()));
  }

  @Override
  public Future<?> start() {
    startedNanos = System.nanoTime();
    GatewayMetrics metrics = new GatewayMetrics(registry);
    FleetView fleet = new FleetView(FleetView.STALE_AFTER);
    FleetBus bus = new FleetBus(vertx);
    Dispatcher dispatching =
        new Dispatcher(
            bus,
            options.gatewayId(),
            fleet,
            new AdmissionQueue(options.queueLimit(), options.workerWait()),
            new DispatchLimits(
                options.attempts(),
                ENGINE_LOSSES,
                options.queueTimeout(),
                options.workerWait(),
                options.openTimeout(),
                options.firstEventTimeout(),
                options.stallTimeout()),
            metrics);
    fleetBus = bus;
    Store keeping = new Store(vertx, options.store(), cluster, registry);
    store = keeping;
    tendFromTimeToTime(keeping, fleet);
    ManagementServer managing =
        new ManagementServer(
            vertx, fleet, nodes, registry, options.managementDoor(), () -> stopping, this::opening);
    management = managing;
    // Compiling the contract takes a while; the event loop may be another verticle's too.
    return vertx
        .executeBlocking(() -> new Read(Contract.load(), liveKeys()))
        .compose(
            read -> {
              Contract contract = read.contract();
              read.keys().ifPresent(this::refreshFromTimeToTime);
              HttpLimits limits =
                  new HttpLimits(
                      options.maxBodyBytes(),
                      options.bodyBudgetBytes(),
                      options.maxHeaderBytes(),
                      options.maxConnections(),
                      options.clientTimeout(),
                      options.pingInterval());
              HttpFront listening =
                  new HttpFront(
                      vertx,
                      limits,
                      new AccessRules(
                          options.allowedHosts(),
                          options.corsOrigins(),
                          read.keys().map(keys -> keys::ring)),
                      handlers(contract, limits, dispatching, keeping),
                      extra,
                      metrics);
              front = listening;
              return bus.start(dispatching)
                  .compose(
                      done -> managing.start(options.managementHost(), options.managementPort()))
                  .onSuccess(bound -> managementPort = bound)
                  .compose(done -> listening.start(options.host(), options.port()));
            })
        .onSuccess(
            bound -> {
              port = bound;
              log.info(
                  "gateway {} listens on {}:{}, management on {}:{}",
                  options.gatewayId(),
                  options.host(),
                  port,
                  options.managementHost(),
                  managementPort);
            });
  }

  private void tendFromTimeToTime(Store keeping, FleetView fleet) {
    tend(keeping, fleet);
    storeTimer = vertx.setPeriodic(STORE_PACE_MILLIS, id -> tend(keeping, fleet));
  }

  /** Opens the store, again and again until it is open, and takes up what was left behind. */
  private void tend(Store keeping, FleetView fleet) {
    boolean serving = fleet.workers().stream().anyMatch(WorkerView::ready);
    // What the journal of a node of a fleet has is the fleet's: others may be asked for it now.
    if (tending || stopping || !serving && cluster.isEmpty()) {
      return;
    }
    tending = true;
    keeping
        .open()
        // Whoever needs it hears of a failure; the log has it already.
        .onSuccess(done -> opened = true)
        .compose(done -> serving ? takeUpResponses() : Future.succeededFuture())
        .onComplete(done -> tending = false);
  }

  /**
   * Whether what is kept is not there yet. A balancer, and whoever restarts node after node, has to
   * know: the next node may hold what this one is about to get.
   */
  private boolean opening() {
    return cluster.isPresent() && !opened && System.nanoTime() - startedNanos < STORE_FIRST_NANOS;
  }

  private Future<Void> takeUpResponses() {
    return responses == null || stopping ? Future.succeededFuture() : responses.takeUp();
  }

  /** What takes disk or time to read. */
  private record Read(Contract contract, Optional<LiveKeys> keys) {}

  private Optional<LiveKeys> liveKeys() throws KeyFileException {
    return options.keyFile().isPresent()
        ? Optional.of(new LiveKeys(options.keyFile().get()))
        : Optional.empty();
  }

  private void refreshFromTimeToTime(LiveKeys keys) {
    keyTimer =
        vertx.setPeriodic(
            KEY_REFRESH_MILLIS,
            id ->
                vertx.executeBlocking(
                    () -> {
                      keys.refresh();
                      return null;
                    }));
  }

  private Map<Operation, Handler> handlers(
      Contract contract, HttpLimits limits, Dispatcher dispatching, Store keeping) {
    Map<Operation, Handler> handlers = new EnumMap<>(Operation.class);
    RequestReader reader = new RequestReader(vertx, contract);
    TextService text = new TextService(vertx, dispatching, options.queueLimit());
    ContextFit fit = new ContextFit(dispatching.fleet(), text);
    GrammarCompiler grammars = new GrammarCompiler(vertx);
    UnknownModels unknown = new UnknownModels(options.defaultForUnknownModels());
    CompletionRunner runner = new CompletionRunner(dispatching, fit, grammars, limits, unknown);
    DialectSettings settings =
        new DialectSettings(options.maxChoices(), () -> ThreadLocalRandom.current().nextLong());
    IdempotentRequests repeats = new IdempotentRequests(vertx, keeping.idempotency());
    new GeneratingOperations(contract, settings, reader, runner, repeats).addTo(handlers);
    new TextHandler(
            vertx,
            reader,
            text,
            new ChatDialect(contract.defaults(Operation.APPLY_TEMPLATE), settings),
            new TextQuestions(contract.defaults(Operation.TOKENIZE)),
            unknown)
        .addTo(handlers);
    ReadBudget reads = new ReadBudget(vertx);
    new ConversationOperations(
            vertx,
            keeping,
            reads,
            reader,
            repeats,
            runner,
            new ChatDialect(contract.defaults(Operation.CREATE_CONVERSATION_CHAT), settings))
        .addTo(handlers);
    ResponseOperations responding =
        new ResponseOperations(
            vertx,
            reader,
            repeats,
            new ResponsesDialect(contract.defaults(Operation.CREATE_RESPONSE), settings),
            new FleetAccess(dispatching, fit, grammars, text, unknown),
            keeping,
            limits,
            reads,
            ResponseLimits.withGrace(options.streamGrace()));
    responding.addTo(handlers);
    responses = responding;
    new EmbeddingsHandler(
            vertx,
            reader,
            dispatching.fleet(),
            new EmbeddingService(vertx, dispatching, options.queueLimit()),
            unknown)
        .addTo(handlers);
    new SlotsHandler(dispatching.fleet(), options.showSlots()).addTo(handlers);
    new ModelInfoHandler(dispatching.fleet()).addTo(handlers);
    ModelControlHandler models =
        new ModelControlHandler(
            reader,
            new ModelControl(
                vertx,
                dispatching.fleet(),
                () -> nodes.get().stream().filter(NodeView::computes).map(NodeView::id).toList()));
    handlers.put(Operation.LOAD_MODEL, models::load);
    handlers.put(Operation.UNLOAD_MODEL, models::unload);
    ServiceHandler service = new ServiceHandler(dispatching.fleet(), () -> stopping, this::opening);
    handlers.put(Operation.LIST_MODELS, (exchange, body) -> service.models(exchange));
    handlers.put(Operation.RETRIEVE_MODEL, (exchange, body) -> service.model(exchange));
    handlers.put(Operation.GET_HEALTH, (exchange, body) -> service.health(exchange));
    handlers.put(Operation.GET_CONTRACT, (exchange, body) -> exchange.json(200, contract.json()));
    if (options.refuseWith422()) {
      for (Operation operation :
          List.of(Operation.CREATE_PLAIN_COMPLETION, Operation.CREATE_CONVERSATION_CHAT)) {
        handlers.computeIfPresent(
            operation,
            (same, handler) ->
                (exchange, body) -> {
                  exchange.refuseWith422();
                  handler.handle(exchange, body);
                });
      }
    }
    return handlers;
  }

  /**
   * Becomes unready, goes on for {@link GatewayOptions#drainDelay} so that a load balancer sees it
   * and looks elsewhere, then answers new requests with 503, waits for the open ones (at most
   * {@link GatewayOptions#drainTimeout}), and closes. Workers must outlive this.
   */
  @Override
  public Future<?> stop() {
    stopping = true;
    if (front == null || options.drainDelay().isZero()) {
      return close();
    }
    front.leave();
    return vertx
        .timer(options.drainDelay().toMillis(), TimeUnit.MILLISECONDS)
        .eventually(this::close);
  }

  private Future<?> close() {
    vertx.cancelTimer(keyTimer);
    vertx.cancelTimer(storeTimer);
    Store keeping = store;
    ResponseOperations responding = responses;
    HttpFront listening = front;
    FleetBus bus = fleetBus;
    ManagementServer managing = management;
    return (listening == null
            ? Future.<Void>succeededFuture()
            : listening.stop(options.drainTimeout()))
        .onComplete(
            drained -> {
              if (responding != null) {
                responding.stop();
              }
            })
        .eventually(() -> bus == null ? Future.succeededFuture() : bus.stop())
        .eventually(() -> keeping == null ? Future.succeededFuture() : keeping.close())
        .eventually(() -> managing == null ? Future.succeededFuture() : managing.stop());
  }

  /** The API's port, once deployed. May be asked from any thread. */
  public int port() {
    return port;
  }

  /** The management port, once deployed. May be asked from any thread. */
  public int managementPort() {
    return managementPort;
  }
}
