package dev.bitfleet.app.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.app.config.ConfigurationLoader;
import dev.bitfleet.app.config.KernelName;
import dev.bitfleet.app.config.NodeRole;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.gateway.GatewayOptions;
import dev.bitfleet.gateway.store.JournalDatabase;
import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.worker.EngineChoice;
import dev.bitfleet.worker.WorkerOptions;
import dev.bitfleet.worker.engine.AdapterOptions;
import dev.bitfleet.worker.engine.KernelSet;
import dev.bitfleet.worker.engine.KvQuant;
import dev.bitfleet.worker.engine.Pooling;
import dev.bitfleet.worker.engine.WeightOptions;
import dev.bitfleet.worker.engine.WeightQuant;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.topology.Core;
import dev.bitfleet.worker.topology.CpuTopology;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class FleetPlanTest {
  private static final Path MODEL = Path.of("/models/bitfleet-demo.gguf");
  private static final Path HOME = Path.of("/home/u");

  private final Map<String, String> flags = new HashMap<>();
  private List<Path> models = List.of(MODEL);

  @Test
  void the_gateways_defaults_are_the_configurations_defaults() throws Exception {
    GatewayOptions own =
        GatewayOptions.builder("local")
            .store(StoreOptions.in(HOME.resolve(".local/share/bitfleet/store")))
            .build();

    assertThat(plan(cores(2, 1)).gateway()).isEqualTo(own);
  }

  @Test
  void what_was_configured_reaches_the_gateway() throws Exception {
    flags.putAll(
        Map.of(
            "port", "1",
            "management-port", "2",
            "cors-origins", "*",
            "max-body", "1KiB",
            "max-headers", "2KiB",
            "client-timeout", "3s",
            "queue-limit", "4",
            "queue-timeout", "5s",
            "drain-timeout", "6s"));

    GatewayOptions gateway = plan(cores(2, 1)).gateway();

    assertThat(gateway.port()).isEqualTo(1);
    assertThat(gateway.managementPort()).isEqualTo(2);
    assertThat(gateway.corsOrigins()).containsExactly("*");
    assertThat(gateway.maxBodyBytes()).isEqualTo(1024);
    assertThat(gateway.maxHeaderBytes()).isEqualTo(2048);
    assertThat(gateway.clientTimeout()).isEqualTo(Duration.ofSeconds(3));
    assertThat(gateway.queueLimit()).isEqualTo(4);
    assertThat(gateway.queueTimeout()).isEqualTo(Duration.ofSeconds(5));
    assertThat(gateway.drainTimeout()).isEqualTo(Duration.ofSeconds(6));
  }

  @Test
  void a_journal_in_a_database_reaches_the_store_and_is_agreed_on_without_its_user()
      throws Exception {
    flags.put("cluster-port", "7000");
    FleetPlan without = plan(cores(2, 1));
    assertThat(without.gateway().store().database()).isEmpty();
    assertThat(without.cluster().orElseThrow().agreed()).containsEntry("journal-url", "none");

    flags.putAll(
        Map.of(
            "cluster-name", "spring",
            "journal-url", "jdbc:postgresql://db/fleet?sslmode=require",
            "journal-user", "ada",
            "journal-password-file", "/etc/password"));
    FleetPlan plan = plan(cores(2, 1));
    assertThat(plan.gateway().store().database())
        .contains(
            new JournalDatabase(
                "jdbc:postgresql://db/fleet?sslmode=require",
                Optional.of("ada"),
                Optional.of(Path.of("/etc/password")),
                "spring"));
    assertThat(plan.cluster().orElseThrow().agreed())
        .containsEntry("journal-url", "jdbc:postgresql://db/fleet");
  }

  @Test
  void what_decides_on_what_is_kept_is_agreed_on_between_those_who_keep_it() throws Exception {
    flags.putAll(Map.of("cluster-port", "7000", "stream-grace", "90s"));

    assertThat(plan(cores(2, 1)).cluster().orElseThrow().agreed())
        .containsOnlyKeys(
            "cluster-tls",
            "conversation-items",
            "conversation-size",
            "conversation-ttl",
            "journal-url",
            "max-conversations",
            "stream-grace")
        .containsEntry("stream-grace", "90s");
    assertThat(plan(cores(2, 1), NodeRole.WORKER).cluster().orElseThrow().agreed())
        .containsOnlyKeys("cluster-tls");
  }

  @Test
  void each_memory_node_gets_a_worker_with_its_own_cores() throws Exception {
    FleetPlan plan = plan(cores(4, 2));

    assertThat(plan.workers()).extracting(WorkerOptions::workerId).doesNotHaveDuplicates();
    assertThat(plan.workers())
        .extracting(WorkerOptions::cores)
        .containsExactly(List.of(0, 1), List.of(2, 3));
    assertThat(plan.workers()).extracting(WorkerOptions::modelId).containsOnly("bitfleet-demo");
  }

  @Test
  void what_was_configured_reaches_the_workers() throws Exception {
    flags.putAll(
        Map.of(
            "workers", "1",
            "cores", "1",
            "threads", "3",
            "slots", "9",
            "ctx-size", "512",
            "engine", "llama.cpp",
            "engine-bin", "/opt/llama-server",
            "model-id", "org/model",
            "data-dir", "/srv/b"));

    WorkerOptions worker = plan(cores(2, 1)).workers().getFirst();

    assertThat(worker.cores()).containsExactly(1);
    assertThat(worker.threads()).isEqualTo(3);
    assertThat(worker.slots()).isEqualTo(9);
    assertThat(worker.contextLength()).isEqualTo(512);
    assertThat(worker.engine()).isEqualTo(EngineChoice.LLAMA_SERVER);
    assertThat(worker.engineBinary()).contains(Path.of("/opt/llama-server"));
    assertThat(worker.modelId()).isEqualTo("org/model");
    assertThat(worker.dataDir()).isEqualTo(Path.of("/srv/b"));
  }

  @Test
  void each_model_gets_workers_on_all_cores_and_a_rank_by_its_place() throws Exception {
    flags.putAll(Map.of("models", "b,a", "model-keep-alive", "5m"));
    models = List.of(Path.of("/x/b.gguf"), Path.of("/x/a.gguf"));

    List<WorkerOptions> workers = plan(cores(4, 2)).workers();

    assertThat(workers).extracting(WorkerOptions::modelId).containsExactly("b", "b", "a", "a");
    assertThat(workers).extracting(WorkerOptions::workerId).doesNotHaveDuplicates();
    assertThat(workers).extracting(each -> each.offer().rank()).containsExactly(0, 0, 1, 1);
    assertThat(workers)
        .extracting(each -> each.offer().keepAlive())
        .containsOnly(Optional.of(Duration.ofMinutes(5)));
  }

  @Test
  void what_is_made_of_a_models_file_reaches_its_workers() throws Exception {
    flags.putAll(
        Map.of(
            "lora", "me/poet=0.5",
            "lora-quant", "int8",
            "unembed-quant", "q4_0",
            "kv-quant", "int8",
            "pooling", "mean",
            "unknown-model", "default",
            "show-slots", "true"));
    ServeConfiguration configuration =
        new ConfigurationLoader(Map.of(), HOME, HOME).load(Optional.empty(), flags);
    assertThat(configuration.model().wishes().getFirst().making().adapter()).contains("me/poet");

    FleetPlan plan =
        ((FleetPlan.Outcome.Planned)
                FleetPlan.of(
                    configuration,
                    NodeRole.BOTH,
                    cores(2, 1),
                    new ModelHome(HOME.resolve("models")),
                    List.of(new FleetPlan.Files(MODEL, Optional.of(Path.of("/a/poet.gguf")))),
                    "local"))
            .plan();

    assertThat(plan.workers().getFirst().weights())
        .isEqualTo(
            new WeightOptions(
                Optional.of(new AdapterOptions(Path.of("/a/poet.gguf"), 0.5, WeightQuant.INT8)),
                WeightQuant.Q4_0,
                Optional.of(Pooling.MEAN)));
    assertThat(plan.workers().getFirst().scheduling().kvQuant()).isEqualTo(KvQuant.INT8);
    assertThat(plan.gateway().defaultForUnknownModels()).isTrue();
    assertThat(plan.gateway().showSlots()).isTrue();
  }

  @Test
  void each_kernel_set_reaches_the_workers_by_its_name() throws Exception {
    for (KernelName name : KernelName.values()) {
      flags.put("kernel", name.names().getFirst());

      KernelSet kernels = plan(cores(2, 1)).workers().getFirst().scheduling().kernels();

      assertThat(kernels.wireName()).isEqualTo(name.names().getFirst());
    }
  }

  @Test
  void two_models_of_one_id_make_it_impossible() throws Exception {
    flags.put("models", "a,c/a");
    models = List.of(Path.of("/x/a.gguf"), Path.of("/y/a.gguf"));

    assertThat(outcome(cores(2, 1)))
        .isInstanceOfSatisfying(
            FleetPlan.Outcome.Impossible.class,
            impossible -> assertThat(impossible.problems().getFirst()).contains("called 'a'"));
  }

  @Test
  void cores_that_are_not_there_make_it_impossible() throws Exception {
    flags.put("cores", "7");

    assertThat(outcome(cores(2, 1)))
        .isInstanceOfSatisfying(
            FleetPlan.Outcome.Impossible.class,
            impossible -> assertThat(impossible.problems().getFirst()).startsWith("cores: 7"));
  }

  private FleetPlan plan(CpuTopology topology) throws Exception {
    return plan(topology, NodeRole.BOTH);
  }

  private FleetPlan plan(CpuTopology topology, NodeRole role) throws Exception {
    return ((FleetPlan.Outcome.Planned) outcome(topology, role)).plan();
  }

  private FleetPlan.Outcome outcome(CpuTopology topology) throws Exception {
    return outcome(topology, NodeRole.BOTH);
  }

  private FleetPlan.Outcome outcome(CpuTopology topology, NodeRole role) throws Exception {
    ServeConfiguration configuration =
        new ConfigurationLoader(Map.of(), HOME, HOME).load(Optional.empty(), flags);
    return FleetPlan.of(
        configuration,
        role,
        topology,
        new ModelHome(HOME.resolve("models")),
        models.stream().map(FleetPlan.Files::of).toList(),
        "local");
  }

  private static CpuTopology cores(int count, int nodes) {
    var cores = new ArrayList<Core>();
    for (int cpu = 0; cpu < count; cpu++) {
      cores.add(new Core(List.of(cpu), cpu * nodes / count, 1024));
    }
    return new CpuTopology(cores, OptionalDouble.empty(), count);
  }
}
