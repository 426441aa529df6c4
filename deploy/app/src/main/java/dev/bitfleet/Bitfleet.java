package dev.bitfleet;

import dev.bitfleet.StartException.Reason;
import dev.bitfleet.app.cluster.ClusterException;
import dev.bitfleet.app.cluster.NodeIdentity;
import dev.bitfleet.app.config.ConfigurationException;
import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.KernelName;
import dev.bitfleet.app.config.ModelConfiguration;
import dev.bitfleet.app.config.NodeRole;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.config.Settings;
import dev.bitfleet.app.config.WorkerConfiguration;
import dev.bitfleet.app.model.BundledModel;
import dev.bitfleet.app.serve.DataFolder;
import dev.bitfleet.app.serve.FleetPlan;
import dev.bitfleet.app.serve.LocalFleet;
import dev.bitfleet.app.serve.WorkerFailedException;
import dev.bitfleet.app.text.FileTrouble;
import dev.bitfleet.gateway.http.ExtraRoute;
import dev.bitfleet.gateway.keys.KeyFileException;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.KernelSet;
import dev.bitfleet.worker.engine.builtin.BundledEngine;
import dev.bitfleet.worker.engine.builtin.RunnableKernels;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.home.ModelNotFoundException;
import dev.bitfleet.worker.lora.AdapterFiles;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.model.ModelFileException;
import dev.bitfleet.worker.topology.CpuTopology;
import java.io.IOException;
import java.net.BindException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * A gateway and its engines within this JVM, as {@code bitfleet serve} has them.
 *
 * <pre>{@code
 * try (Bitfleet bitfleet =
 *     Bitfleet.builder()
 *         .set("port", "0")
 *         .route("GET", "/hello", request -> RouteAnswer.json(200, "{\"hello\":\"world\"}"))
 *         .start()) {
 *   OpenAIClient client = … .baseUrl(bitfleet.url() + "/v1") …
 * }
 * }</pre>
 *
 * <p>Engines are processes of their own, which end with this one. Several instances may live in one
 * JVM if their ports and data folders differ. Thread-safe; every method may block, so none is for
 * an event loop.
 */
public final class Bitfleet implements AutoCloseable {
  /** Of one that serves alone: nobody asks who it is. */
  private static final String NODE = "local";

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final ServeConfiguration configuration;
  private final LocalFleet fleet;

  private Bitfleet(ServeConfiguration configuration, LocalFleet fleet) {
    this.configuration = configuration;
    this.fleet = fleet;
  }

  /** Everything at its default: the bundled demo model on 127.0.0.1:8080. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Opens the ports and begins to load the models; {@link #awaitReady} waits for those.
   *
   * @param routes of the program's own
   */
  public static Bitfleet start(ServeConfiguration configuration, List<ExtraRoute> routes)
      throws StartException, InterruptedException {
    return start(configuration, NodeRole.BOTH, routes);
  }

  /**
   * The same for a node that does one thing only.
   *
   * @param routes of the program's own; a node that only works has none
   */
  public static Bitfleet start(
      ServeConfiguration configuration, NodeRole role, List<ExtraRoute> routes)
      throws StartException, InterruptedException {
    FleetPlan plan = plan(configuration, role);
    if (role.computes()) {
      checkKernels(configuration);
    }
    try {
      return new Bitfleet(configuration, LocalFleet.start(plan, routes));
    } catch (ExecutionException e) {
      throw failure(e.getCause(), configuration);
    }
  }

  private static FleetPlan plan(ServeConfiguration configuration, NodeRole role)
      throws StartException {
    Optional<String> unusable = DataFolder.problem(configuration.dataDir());
    if (unusable.isPresent()) {
      throw new StartException(Reason.CONFIGURATION, unusable.get());
    }
    String node = node(configuration, role);
    if (!role.computes()) {
      return FleetPlan.ofGateway(configuration, node);
    }
    List<FleetPlan.Files> models = new ArrayList<>();
    ModelHome home;
    try {
      home =
          new ModelHome(
              configuration.model().home(),
              BundledModel.extract(configuration.dataDir())
                  .map(file -> Map.of(BundledModel.ID, file))
                  .orElse(Map.of()));
      for (ModelConfiguration.Wish wish : configuration.model().wishes()) {
        Path model = home.find(wish.model().orElse(BundledModel.ID), Path.of("").toAbsolutePath());
        // The worker would find out too, and go on trying; at a start somebody is watching.
        var unused = ModelFile.read(model);
        models.add(new FleetPlan.Files(model, adapter(configuration, wish, home, model)));
      }
    } catch (ModelNotFoundException e) {
      throw new StartException(Reason.NO_MODEL, String.valueOf(e.getMessage()), e);
    } catch (ModelFileException e) {
      throw new StartException(Reason.BAD_MODEL, "the model cannot be used: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new StartException(
          Reason.SOFTWARE, "the model cannot be read or unpacked: " + FileTrouble.named(e), e);
    }
    return switch (FleetPlan.of(
        configuration, role, CpuTopology.ofThisMachine(), home, models, node)) {
      case FleetPlan.Outcome.Impossible impossible ->
          throw new StartException(
              Reason.CONFIGURATION,
              "the configuration does not fit this machine\n  "
                  + String.join("\n  ", impossible.problems()));
      case FleetPlan.Outcome.Planned planned -> planned.plan();
    };
  }

  private static String node(ServeConfiguration configuration, NodeRole role)
      throws StartException {
    if (configuration.cluster().isEmpty()) {
      if (role == NodeRole.BOTH) {
        return NODE;
      }
      throw new StartException(
          Reason.CONFIGURATION,
          "a node that is only a %s needs others: give it a cluster-port"
              .formatted(role.name().toLowerCase(Locale.ROOT)));
    }
    try {
      return NodeIdentity.in(configuration.dataDir());
    } catch (ClusterException e) {
      throw failure(e, configuration);
    }
  }

  /** The engine would refuse them too; here they are known as a setting. */
  private static void checkKernels(ServeConfiguration configuration)
      throws StartException, InterruptedException {
    WorkerConfiguration worker = configuration.worker();
    if (worker.kernel() == KernelName.AUTO) {
      return;
    }
    KernelSet wanted = KernelSet.valueOf(worker.kernel().name());
    Set<KernelSet> there;
    try {
      there =
          RunnableKernels.of(
              worker.engineBinary().isPresent()
                  ? worker.engineBinary().get()
                  : BundledEngine.extract(configuration.dataDir()));
    } catch (IOException e) {
      throw new StartException(
          Reason.SOFTWARE, "the engine cannot be run: " + FileTrouble.named(e), e);
    }
    if (!there.contains(wanted)) {
      throw new StartException(
          Reason.CONFIGURATION,
          "the configuration does not fit this machine\n  kernel: it has no %s; it can run %s, or let auto choose"
              .formatted(wanted.wireName(), RunnableKernels.names(there)));
    }
  }

  private static Optional<Path> adapter(
      ServeConfiguration configuration, ModelConfiguration.Wish wish, ModelHome home, Path model)
      throws StartException, ModelNotFoundException, IOException {
    Optional<String> name = wish.making().adapter();
    if (name.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new AdapterFiles(home, configuration.dataDir()).find(name.get(), model));
    } catch (ModelFileException e) {
      // Its message names the adapter; the model is well.
      throw new StartException(Reason.BAD_MODEL, String.valueOf(e.getMessage()), e);
    }
  }

  private static StartException failure(
      @Nullable Throwable cause, ServeConfiguration configuration) {
    return switch (cause) {
      case WorkerFailedException e ->
          new StartException(Reason.BAD_MODEL, String.valueOf(e.getMessage()), e);
      case KeyFileException e ->
          new StartException(Reason.CONFIGURATION, "api-keys: " + e.getMessage(), e);
      case ClusterException e ->
          new StartException(
              e.unavailable() ? Reason.ADDRESS_UNAVAILABLE : Reason.CONFIGURATION,
              String.valueOf(e.getMessage()),
              e);
      case BindException e -> unavailable(e, configuration);
      case UnknownHostException e -> unavailable(e, configuration);
      case UnresolvedAddressException e -> unavailable(e, configuration);
      case null -> new StartException(Reason.SOFTWARE, "the start failed");
      default -> new StartException(Reason.SOFTWARE, "the start failed: " + cause, cause);
    };
  }

  private static StartException unavailable(Exception cause, ServeConfiguration configuration) {
    return new StartException(
        Reason.ADDRESS_UNAVAILABLE,
        "cannot listen on %s:%d (API) and %s:%d (management): %s. Choose others with --port and --management-port; 0 picks free ones."
            .formatted(
                configuration.http().host(),
                configuration.http().port(),
                configuration.management().host(),
                configuration.management().port(),
                cause.getMessage()),
        cause);
  }

  /**
   * Waits until every engine has made a token.
   *
   * @return the workers
   * @throws StartException when one gave up; all is stopped then
   */
  public List<WorkerHeartbeat> awaitReady() throws StartException, InterruptedException {
    try {
      return fleet.ready().toCompletionStage().toCompletableFuture().get();
    } catch (ExecutionException e) {
      stopQuietly(GRACE);
      throw failure(e.getCause(), configuration);
    }
  }

  /**
   * Where the API is, for a program on this machine; OpenAI's clients want {@code /v1} after it.
   *
   * @throws IllegalStateException when this node only works
   */
  public URI url() {
    return address(configuration.http().host(), fleet.port());
  }

  /** Where health, metrics and the workers are. */
  public URI managementUrl() {
    return address(configuration.management().host(), fleet.managementPort());
  }

  /** Nodes of the cluster, as they are now; 1 when it serves alone. */
  public int nodes() {
    return fleet.nodes();
  }

  private static URI address(String host, int port) {
    String reachable =
        switch (host) {
          case "0.0.0.0" -> "127.0.0.1";
          case "::" -> "[::1]";
          default -> host.contains(":") ? "[" + host + "]" : host;
        };
    return URI.create("http://" + reachable + ":" + port);
  }

  /**
   * Takes no new requests, lets streams end within the drain timeout of the configuration, and
   * stops everything.
   *
   * @throws TimeoutException when it took longer than {@code atMost}; what is left ends with the
   *     process
   */
  public void stop(Duration atMost) throws TimeoutException, InterruptedException {
    fleet.stop(atMost);
  }

  /** Stops, with the drain timeout and a little more. */
  @Override
  public void close() {
    try {
      stopQuietly(configuration.drainDelay().plus(configuration.drainTimeout()).plus(GRACE));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void stopQuietly(Duration atMost) throws InterruptedException {
    try {
      fleet.stop(atMost);
    } catch (TimeoutException e) {
      LoggerFactory.getLogger(Bitfleet.class).warn("not all of it stopped in time");
    }
  }

  /** Collects settings and routes. Reads neither the environment nor files it is not told of. */
  public static final class Builder {
    private final Map<String, String> settings = new HashMap<>();
    private final List<ExtraRoute> routes = new ArrayList<>();
    private Optional<String> file = Optional.empty();

    private Builder() {}

    /**
     * Sets a setting of {@code docs/OPERATING.md} by its name, such as {@code slots} or {@code
     * data-dir}. What is wrong with it is told by {@link #start}.
     */
    public Builder set(String name, String value) {
      settings.put(name, value);
      return this;
    }

    /** A {@code .gguf} file or the name of a model in the model home. */
    public Builder model(String model) {
      return set("model", model);
    }

    /** A YAML file of settings; what is {@link #set} goes before it. */
    public Builder configurationFile(Path yaml) {
      file = Optional.of(yaml.toAbsolutePath().toString());
      return this;
    }

    /** A route of the program's own, for callers with a key where keys are asked for. */
    public Builder route(String method, String path, ExtraRoute.Work work) {
      routes.add(new ExtraRoute(method, path, false, work));
      return this;
    }

    /** A route that asks for no key in any case. */
    public Builder openRoute(String method, String path, ExtraRoute.Work work) {
      routes.add(new ExtraRoute(method, path, true, work));
      return this;
    }

    /** Starts, and waits until the first request would be answered. */
    public Bitfleet start() throws StartException, InterruptedException {
      Bitfleet bitfleet = Bitfleet.start(configuration(), routes);
      var unused = bitfleet.awaitReady();
      return bitfleet;
    }

    private ServeConfiguration configuration() throws StartException {
      for (String name : settings.keySet()) {
        if (!Settings.names().contains(name)) {
          throw new StartException(Reason.CONFIGURATION, "unknown setting '" + name + "'");
        }
      }
      try {
        return new ConfigurationLoader(
                Map.of(),
                Path.of("").toAbsolutePath(),
                Path.of(Optional.ofNullable(System.getProperty("user.home")).orElse("/")))
            .load(file, settings);
      } catch (ConfigurationException e) {
        throw new StartException(Reason.CONFIGURATION, String.valueOf(e.getMessage()), e);
      }
    }
  }
}
