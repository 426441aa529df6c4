package dev.bitfleet.app.serve;

import dev.bitfleet.app.config.EngineKind;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.config.StoreConfiguration;
import dev.bitfleet.app.config.WorkerConfiguration;
import dev.bitfleet.gateway.GatewayOptions;
import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.worker.EngineChoice;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.model.ModelFile;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import dev.bitfleet.worker.topology.CorePlan;
import dev.bitfleet.worker.topology.CpuTopology;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What will run: one gateway, and a worker for each share of the cores.
 *
 * @param workers at least one
 */
public record FleetPlan(GatewayOptions gateway, List<WorkerOptions> workers) {
  /** The gateway has drained before a worker is told to stop: what is still open then is lost. */
  private static final Duration WORKER_DRAIN = Duration.ofSeconds(1);

  public FleetPlan {
    workers = List.copyOf(workers);
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

  /** Lays the configuration out over a machine. Reads nothing, starts nothing. */
  public static Outcome of(
      ServeConfiguration configuration, CpuTopology topology, Path modelFile, String nodeId) {
    WorkerConfiguration worker = configuration.worker();
    var wishes =
        new CorePlan.Wishes(
            worker.workers().orElse(0),
            worker.cores().orElse(List.of()),
            worker.threads().orElse(0));
    return switch (CorePlan.plan(topology, wishes)) {
      case CorePlan.Outcome.Impossible impossible -> new Outcome.Impossible(impossible.problems());
      case CorePlan.Outcome.Planned planned ->
          new Outcome.Planned(
              new FleetPlan(
                  gateway(configuration, nodeId),
                  workers(configuration, planned.plan(), modelFile, nodeId)));
    };
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
        .keyFile(http.keyFile())
        .store(store(configuration))
        .refuseWith422(http.refuseWith422())
        .maxBodyBytes(Math.toIntExact(http.maxBody().bytes()))
        .bodyBudgetBytes(Math.max(256L << 20, http.maxBody().bytes()))
        .maxHeaderBytes(Math.toIntExact(http.maxHeaders().bytes()))
        .clientTimeout(http.clientTimeout())
        .streamGrace(http.streamGrace())
        .queueLimit(configuration.admission().queueLimit())
        .queueTimeout(configuration.admission().queueTimeout())
        .drainTimeout(configuration.drainTimeout())
        .build();
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

  private static StoreOptions store(ServeConfiguration configuration) {
    StoreConfiguration store = configuration.store();
    StoreOptions defaults = StoreOptions.in(configuration.dataDir().resolve("store"));
    return defaults
        .keeping(store.ttl(), defaults.answerTtl(), defaults.sweepInterval())
        .queueing(configuration.admission().queueTimeout(), defaults.turnsWaiting())
        .bounded(
            store.conversations(),
            store.conversationItems(),
            store.conversationSize().bytes(),
            defaults.bytesPerItem(),
            store.memory().bytes());
  }

  private static List<WorkerOptions> workers(
      ServeConfiguration configuration, CorePlan cores, Path modelFile, String nodeId) {
    WorkerConfiguration worker = configuration.worker();
    String modelId = configuration.model().id().orElseGet(() -> ModelFile.defaultId(modelFile));
    var workers = new ArrayList<WorkerOptions>();
    for (CorePlan.Share share : cores.workers()) {
      workers.add(
          new WorkerOptions(
              nodeId + "-" + workers.size(),
              nodeId,
              modelId,
              modelFile,
              worker.engine() == EngineKind.BUILTIN
                  ? EngineChoice.BUILTIN
                  : EngineChoice.LLAMA_SERVER,
              worker.engineBinary(),
              share.cpus(),
              share.threads(),
              worker.slots(),
              worker.contextLength().orElse(0),
              configuration.dataDir(),
              WorkerOptions.DEFAULT_HEARTBEAT_INTERVAL,
              WORKER_DRAIN,
              SupervisionSettings.DEFAULTS));
    }
    return workers;
  }
}
