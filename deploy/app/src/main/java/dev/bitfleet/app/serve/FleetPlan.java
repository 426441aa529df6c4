package dev.bitfleet.app.serve;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.cluster.ClusterOptions;
import dev.bitfleet.app.config.ClusterConfiguration;
import dev.bitfleet.app.config.Durations;
import dev.bitfleet.app.config.EngineKind;
import dev.bitfleet.app.config.ModelConfiguration;
import dev.bitfleet.app.config.NodeRole;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.config.Settings;
import dev.bitfleet.app.config.StoreConfiguration;
import dev.bitfleet.app.config.UnknownModel;
import dev.bitfleet.app.config.WorkerConfiguration;
import dev.bitfleet.gateway.GatewayOptions;
import dev.bitfleet.gateway.store.JournalDatabase;
import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.worker.EngineChoice;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.engine.AdapterOptions;
import dev.bitfleet.worker.engine.KernelSet;
import dev.bitfleet.worker.engine.KvQuant;
import dev.bitfleet.worker.engine.Pooling;
import dev.bitfleet.worker.engine.SchedulingOptions;
import dev.bitfleet.worker.engine.WeightOptions;
import dev.bitfleet.worker.engine.WeightQuant;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.host.HostPlan;
import dev.bitfleet.worker.host.ModelSetup;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import dev.bitfleet.worker.topology.CorePlan;
import dev.bitfleet.worker.topology.CpuTopology;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What will run: one gateway, and for each model a worker on each share of the cores; or one of
 * both.
 *
 * @param gateway of a node that only works, its management port alone
 * @param host empty where nothing is computed
 * @param cluster empty when it serves alone
 */
public record FleetPlan(
    NodeRole role,
    GatewayOptions gateway,
    Optional<HostPlan> host,
    Optional<ClusterOptions> cluster) {
  /** The gateway has drained before a worker is told to stop: what is still open then is lost. */
  private static final Duration WORKER_DRAIN = Duration.ofSeconds(1);

  /** The workers it starts with. */
  public List<WorkerOptions> workers() {
    return host.map(HostPlan::workers).orElse(List.of());
  }

  /** A plan, or all that stands against one. */
  public sealed interface Outcome {
    /** It can be done. */
    record Planned(FleetPlan plan) implements Outcome {}

    /** It cannot: one sentence for each reason. */
    record Impossible(List<String> problems) implements Outcome {
      public Impossible {
        problems = List.copyOf(problems);
      }
    }
  }

  /**
   * The files of one model.
   *
   * @param adapter GGUF, for the model that asks for one
   */
  public record Files(Path model, Optional<Path> adapter) {
    /** Of a model without an adapter. */
    public static Files of(Path model) {
      return new Files(model, Optional.empty());
    }
  }

  /**
   * Lays the configuration out over a machine. Starts nothing.
   *
   * @param home where models can be loaded from later
   * @param models the files of each model of the configuration, in its order
   */
  public static Outcome of(
      ServeConfiguration configuration,
      NodeRole role,
      CpuTopology topology,
      ModelHome home,
      List<Files> models,
      String nodeId) {
    List<String> twice = idsTwice(configuration, home, models);
    if (!twice.isEmpty()) {
      return new Outcome.Impossible(twice);
    }
    return switch (cores(configuration.worker(), topology)) {
      case CorePlan.Outcome.Impossible impossible -> new Outcome.Impossible(impossible.problems());
      case CorePlan.Outcome.Planned planned ->
          new Outcome.Planned(
              new FleetPlan(
                  role,
                  gateway(configuration, nodeId),
                  Optional.of(host(configuration, planned.plan(), home, models, nodeId)),
                  cluster(configuration, role, nodeId)));
    };
  }

  /** The plan of a node that computes nothing. */
  public static FleetPlan ofGateway(ServeConfiguration configuration, String nodeId) {
    return new FleetPlan(
        NodeRole.GATEWAY,
        gateway(configuration, nodeId),
        Optional.empty(),
        cluster(configuration, NodeRole.GATEWAY, nodeId));
  }

  private static Optional<ClusterOptions> cluster(
      ServeConfiguration configuration, NodeRole role, String nodeId) {
    return configuration
        .cluster()
        .map(
            cluster -> {
              var agreed = new HashMap<String, String>();
              agreed.put("cluster-tls", cluster.tls().isPresent() ? "on" : "off");
              if (role.answers()) {
                StoreConfiguration store = configuration.store();
                agreed.put("conversation-ttl", Durations.write(store.ttl()));
                agreed.put("max-conversations", Integer.toString(store.conversations()));
                agreed.put("conversation-items", Integer.toString(store.conversationItems()));
                agreed.put("conversation-size", store.conversationSize().toString());
                agreed.put("stream-grace", Durations.write(configuration.http().streamGrace()));
                agreed.put(
                    "journal-url",
                    journal(configuration).map(JournalDatabase::place).orElse("none"));
              }
              return new ClusterOptions(
                  cluster, nodeId, role, BuildVersion.current().toString(), agreed);
            });
  }

  /** Which engine gets which cores, and what the JVM keeps. */
  public static CorePlan.Outcome cores(WorkerConfiguration worker, CpuTopology topology) {
    return CorePlan.plan(
        topology,
        new CorePlan.Wishes(
            worker.workers().orElse(0),
            worker.cores().orElse(List.of()),
            worker.threads().orElse(0)));
  }

  private static List<String> idsTwice(
      ServeConfiguration configuration, ModelHome home, List<Files> files) {
    var ids = new HashSet<String>();
    var problems = new ArrayList<String>();
    for (int i = 0; i < files.size(); i++) {
      String id = id(configuration, home, files, i);
      if (!ids.add(id)) {
        problems.add(
            "models: two would be called '" + id + "'; give one another id in the file's models");
      }
    }
    return problems;
  }

  private static String id(
      ServeConfiguration configuration, ModelHome home, List<Files> files, int index) {
    return configuration
        .model()
        .wishes()
        .get(index)
        .id()
        .orElseGet(() -> home.idOf(files.get(index).model()));
  }

  private static GatewayOptions gateway(ServeConfiguration configuration, String nodeId) {
    var http = configuration.http();
    return GatewayOptions.builder(nodeId)
        .host(http.host())
        .port(http.port())
        .managementHost(configuration.management().host())
        .managementPort(configuration.management().port())
        .corsOrigins(http.corsOrigins())
        .allowedHosts(http.allowedHosts().orElseGet(() -> usualHosts(http.host())))
        .managementHosts(managementHosts(configuration.management().host(), http.allowedHosts()))
        .keyFile(http.keyFile())
        .store(store(configuration))
        .refuseWith422(http.refuseWith422())
        .defaultForUnknownModels(http.unknownModel() == UnknownModel.DEFAULT)
        .showSlots(http.showSlots())
        .maxBodyBytes(Math.toIntExact(http.maxBody().bytes()))
        .bodyBudgetBytes(Math.max(256L << 20, http.maxBody().bytes()))
        .maxHeaderBytes(Math.toIntExact(http.maxHeaders().bytes()))
        .clientTimeout(http.clientTimeout())
        .streamGrace(http.streamGrace())
        .queueLimit(configuration.admission().queueLimit())
        .queueTimeout(configuration.admission().queueTimeout())
        .drainDelay(configuration.drainDelay())
        .drainTimeout(configuration.drainTimeout())
        .build();
  }

  /** Those its own address has, and those that are allowed for the API. */
  private static List<String> managementHosts(String host, Optional<List<String>> allowed) {
    List<String> hosts = new ArrayList<>(usualHosts(host));
    allowed.ifPresent(hosts::addAll);
    return hosts;
  }

  /**
   * On loopback a page could have its own name resolve to this machine. Beyond it nobody knows here
   * what the machine is called, and a key is asked for.
   */
  private static List<String> usualHosts(String host) {
    try {
      if (!InetAddress.getByName(host).isLoopbackAddress()) {
        return List.of("*");
      }
      boolean known = host.equals("localhost") || host.equals("::1") || host.startsWith("127.");
      return known ? List.of("loopback") : List.of("loopback", host);
    } catch (UnknownHostException e) {
      return List.of(host); // listening will fail, and say so
    }
  }

  /** The database that the journal is to be in; empty where each node has a file. */
  public static Optional<JournalDatabase> journal(ServeConfiguration configuration) {
    String cluster =
        configuration
            .cluster()
            .map(ClusterConfiguration::name)
            .orElse(Settings.CLUSTER_NAME.fallback());
    return configuration
        .store()
        .journal()
        .map(
            journal ->
                new JournalDatabase(
                    journal.url(), journal.user(), journal.passwordFile(), cluster));
  }

  private static StoreOptions store(ServeConfiguration configuration) {
    StoreConfiguration store = configuration.store();
    StoreOptions defaults = StoreOptions.in(configuration.dataDir().resolve("store"));
    StoreOptions journaled = journal(configuration).map(defaults::journaledIn).orElse(defaults);
    return journaled
        .keeping(store.ttl(), defaults.answerTtl(), defaults.sweepInterval())
        .queueing(configuration.admission().queueTimeout(), defaults.turnsWaiting())
        .bounded(
            store.conversations(),
            store.conversationItems(),
            store.conversationSize().bytes(),
            defaults.bytesPerItem(),
            store.memory().bytes());
  }

  private static WeightOptions weights(ModelConfiguration.Making making, Optional<Path> adapter) {
    return new WeightOptions(
        adapter.map(
            file ->
                new AdapterOptions(
                    file, making.adapterScale(), quant(making.loraQuant(), WeightQuant.NONE))),
        quant(making.unembedQuant(), WeightQuant.AUTO),
        making.pooling().flatMap(Pooling::named));
  }

  private static WeightQuant quant(Optional<String> name, WeightQuant otherwise) {
    return name.flatMap(WeightQuant::named).orElse(otherwise);
  }

  private static HostPlan host(
      ServeConfiguration configuration,
      CorePlan cores,
      ModelHome home,
      List<Files> files,
      String nodeId) {
    WorkerConfiguration worker = configuration.worker();
    var models = new ArrayList<ModelSetup>();
    for (int i = 0; i < files.size(); i++) {
      ModelConfiguration.Wish wish = configuration.model().wishes().get(i);
      models.add(
          new ModelSetup(
              id(configuration, home, files, i),
              files.get(i).model(),
              wish.threads().map(OptionalInt::of).orElse(OptionalInt.empty()),
              wish.slots().orElse(worker.slots()),
              wish.contextLength().or(worker::contextLength).orElse(0),
              wish.keepAlive().or(() -> configuration.model().keepAlive()),
              weights(wish.making(), files.get(i).adapter())));
    }
    return new HostPlan(
        nodeId,
        cores.workers(),
        worker.engine() == EngineKind.BUILTIN ? EngineChoice.BUILTIN : EngineChoice.LLAMA_SERVER,
        worker.engineBinary(),
        configuration.dataDir(),
        home,
        models,
        WORKER_DRAIN,
        SupervisionSettings.DEFAULTS,
        new SchedulingOptions(
            worker
                .kvMemory()
                .map(size -> OptionalLong.of(size.bytes()))
                .orElse(OptionalLong.empty()),
            worker.kvQuant().flatMap(KvQuant::named).orElse(KvQuant.NONE),
            worker.stepBudget(),
            switch (worker.speculation()) {
              case AUTO -> SchedulingOptions.Speculation.AUTO;
              case OFF -> SchedulingOptions.Speculation.OFF;
            },
            KernelSet.valueOf(worker.kernel().name())));
  }
}
