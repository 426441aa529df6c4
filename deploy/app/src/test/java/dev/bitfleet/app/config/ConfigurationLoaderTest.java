package dev.bitfleet.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigurationLoaderTest {
  @TempDir Path folder;

  private final Map<String, String> environment = new HashMap<>();
  private final Map<String, String> flags = new HashMap<>();

  @Test
  void without_any_setting_the_defaults_stand() throws Exception {
    ServeConfiguration defaults = load(Optional.empty());

    assertThat(defaults.model())
        .isEqualTo(
            new ModelConfiguration(
                List.of(ModelConfiguration.Wish.plain(Optional.empty(), Optional.empty())),
                folder.resolve("home/.local/share/bitfleet/models"),
                Optional.empty()));
    assertThat(defaults.http())
        .isEqualTo(
            new HttpConfiguration(
                "127.0.0.1",
                8080,
                false,
                Optional.empty(),
                Optional.empty(),
                List.of("loopback"),
                DataSize.ofMebibytes(8),
                DataSize.ofKibibytes(16),
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                false,
                UnknownModel.REFUSE,
                false));
    assertThat(defaults.management()).isEqualTo(new ManagementConfiguration("127.0.0.1", 9090));
    assertThat(defaults.admission())
        .isEqualTo(new AdmissionConfiguration(256, Duration.ofSeconds(60)));
    assertThat(defaults.worker())
        .isEqualTo(
            new WorkerConfiguration(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                4,
                Optional.empty(),
                Optional.empty(),
                Duration.ofMillis(100),
                SpeculationMode.AUTO,
                KernelName.AUTO,
                EngineKind.BUILTIN,
                Optional.empty()));
    assertThat(defaults.store())
        .isEqualTo(
            new StoreConfiguration(
                Duration.ofHours(720),
                DataSize.ofMebibytes(256),
                100_000,
                10_000,
                DataSize.ofMebibytes(8),
                Optional.empty()));
    assertThat(defaults.dataDir()).isEqualTo(folder.resolve("home/.local/share/bitfleet"));
    assertThat(defaults.drainTimeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(defaults.logLevel()).isEqualTo(LogLevel.INFO);
  }

  /** One value for each setting, none of them its default. */
  private static final Map<String, String> OTHER_VALUES =
      Map.ofEntries(
          Map.entry("model", "falcon-e-1b"),
          Map.entry("model-id", "org/falcon"),
          Map.entry("model-keep-alive", "10m"),
          Map.entry("model-home", "/srv/models"),
          Map.entry("data-dir", "/srv/bitfleet"),
          Map.entry("host", "::1"),
          Map.entry("port", "8181"),
          Map.entry("management-host", "localhost"),
          Map.entry("management-port", "9191"),
          Map.entry("allow-unauthenticated", "true"),
          Map.entry("api-keys", "/etc/keys.yaml"),
          Map.entry("allowed-hosts", "api.example,loopback"),
          Map.entry("cors-origins", "https://a.example,https://b.example:8443"),
          Map.entry("max-body", "1MiB"),
          Map.entry("max-headers", "8KiB"),
          Map.entry("client-timeout", "2m"),
          Map.entry("stream-grace", "45s"),
          Map.entry("queue-limit", "7"),
          Map.entry("queue-timeout", "1500ms"),
          Map.entry("workers", "2"),
          Map.entry("cores", "0-2,5"),
          Map.entry("threads", "3"),
          Map.entry("ctx-size", "2048"),
          Map.entry("slots", "8"),
          Map.entry("kv-memory", "512MiB"),
          Map.entry("kv-quant", "none"),
          Map.entry("step-budget", "70ms"),
          Map.entry("speculation", "off"),
          // Nor has the engine below kernels to choose from.
          Map.entry("kernel", "auto"),
          Map.entry("engine", "bitnet.cpp"),
          Map.entry("engine-bin", "/opt/llama-server"),
          Map.entry("refuse-with-422", "true"),
          Map.entry("unknown-model", "default"),
          Map.entry("show-slots", "true"),
          Map.entry("lora", "me/poet=0.5"),
          // The engine below rounds nothing and pools nothing; that is said, and not left out.
          Map.entry("lora-quant", "none"),
          Map.entry("unembed-quant", "none"),
          Map.entry("pooling", "none"),
          Map.entry("conversation-ttl", "2h"),
          Map.entry("store-memory", "64MiB"),
          Map.entry("max-conversations", "50"),
          Map.entry("conversation-items", "60"),
          Map.entry("conversation-size", "70KiB"),
          Map.entry("journal-url", "jdbc:postgresql://db-a,db-b:5433/fleet?sslmode=verify-full"),
          Map.entry("journal-user", "bitfleet"),
          Map.entry("journal-password-file", "/etc/journal-password"),
          Map.entry("cluster-host", "127.0.0.2"),
          Map.entry("cluster-port", "7701"),
          Map.entry("cluster-join", "127.0.0.3,node-b:7801"),
          Map.entry("cluster-dns", "nodes.example"),
          Map.entry("cluster-name", "spring"),
          Map.entry("cluster-secret-file", "/etc/secret"),
          Map.entry("cluster-tls-cert", "/etc/bus.pem"),
          Map.entry("cluster-tls-key", "/etc/bus.key"),
          Map.entry("cluster-tls-ca", "/etc/ca.pem"),
          Map.entry("cluster-rejoin-wait", "9s"),
          Map.entry("drain-delay", "3s"),
          Map.entry("drain-timeout", "5s"),
          Map.entry("log-level", "debug"));

  private static final ServeConfiguration OTHERS =
      new ServeConfiguration(
          new ModelConfiguration(
              List.of(
                  ModelConfiguration.Wish.plain(
                      Optional.of("falcon-e-1b"),
                      Optional.of("org/falcon"),
                      new ModelConfiguration.Making(
                          Optional.of("me/poet=0.5"),
                          Optional.of("none"),
                          Optional.of("none"),
                          Optional.of("none")))),
              Path.of("/srv/models"),
              Optional.of(Duration.ofMinutes(10))),
          new HttpConfiguration(
              "::1",
              8181,
              true,
              Optional.of(Path.of("/etc/keys.yaml")),
              Optional.of(List.of("api.example", "loopback")),
              List.of("https://a.example", "https://b.example:8443"),
              DataSize.ofMebibytes(1),
              DataSize.ofKibibytes(8),
              Duration.ofMinutes(2),
              Duration.ofSeconds(45),
              true,
              UnknownModel.DEFAULT,
              true),
          new ManagementConfiguration("localhost", 9191),
          new AdmissionConfiguration(7, Duration.ofMillis(1500)),
          new WorkerConfiguration(
              Optional.of(2),
              Optional.of(List.of(0, 1, 2, 5)),
              Optional.of(3),
              Optional.of(2048),
              8,
              Optional.of(DataSize.ofMebibytes(512)),
              Optional.of("none"),
              Duration.ofMillis(70),
              SpeculationMode.OFF,
              KernelName.AUTO,
              EngineKind.LLAMA_SERVER,
              Optional.of(Path.of("/opt/llama-server"))),
          new StoreConfiguration(
              Duration.ofHours(2),
              DataSize.ofMebibytes(64),
              50,
              60,
              DataSize.ofKibibytes(70),
              Optional.of(
                  new JournalConfiguration(
                      "jdbc:postgresql://db-a,db-b:5433/fleet?sslmode=verify-full",
                      Optional.of("bitfleet"),
                      Optional.of(Path.of("/etc/journal-password"))))),
          Optional.of(
              new ClusterConfiguration(
                  "127.0.0.2",
                  7701,
                  List.of("127.0.0.3", "node-b:7801"),
                  Optional.of("nodes.example"),
                  "spring",
                  Optional.of(Path.of("/etc/secret")),
                  Optional.of(
                      new ClusterConfiguration.Tls(
                          Path.of("/etc/bus.pem"),
                          Path.of("/etc/bus.key"),
                          Path.of("/etc/ca.pem"))),
                  Duration.ofSeconds(9))),
          Path.of("/srv/bitfleet"),
          Duration.ofSeconds(3),
          Duration.ofSeconds(5),
          LogLevel.DEBUG);

  @Test
  void who_has_no_database_needs_no_user_of_it() {
    assertThatThrownBy(
            () ->
                loader()
                    .load(
                        Optional.empty(),
                        Map.of("journal-user", "u", "journal-password-file", "/p")))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("journal-user is of a database: name it with journal-url")
        .hasMessageContaining("journal-password-file is of a database");
  }

  @Test
  void every_setting_has_another_value_in_this_test() {
    var names = new java.util.ArrayList<>(Settings.names());
    // Not together with 'model'; it has tests of its own.
    names.remove(Settings.MODELS.name());
    assertThat(OTHER_VALUES.keySet()).containsExactlyInAnyOrderElementsOf(names);
  }

  @Test
  void several_models_have_settings_of_their_own() throws Exception {
    ServeConfiguration configuration =
        load(
            file(
                """
                slots: 8
                models:
                  - falcon
                  - model: me/big:q8.gguf
                    id: big
                    slots: 2
                    ctx-size: 4096
                    threads: 1
                    keep-alive: 5m
                    lora: me/poet
                    lora-quant: q4_0
                    pooling: last
                """));

    assertThat(configuration.model().wishes())
        .containsExactly(
            ModelConfiguration.Wish.plain(Optional.of("falcon"), Optional.empty()),
            new ModelConfiguration.Wish(
                Optional.of("me/big:q8.gguf"),
                Optional.of("big"),
                Optional.of(2),
                Optional.of(4096),
                Optional.of(1),
                Optional.of(Duration.ofMinutes(5)),
                new ModelConfiguration.Making(
                    Optional.of("me/poet"),
                    Optional.of("q4_0"),
                    Optional.empty(),
                    Optional.of("last"))));
  }

  @Test
  void a_node_to_join_has_a_port_that_there_is() {
    Map<String, String> settings =
        Map.of("cluster-port", "7800", "cluster-join", "node-a:65535,node-b:65536");
    assertThatThrownBy(
            () ->
                new ConfigurationLoader(Map.of(), folder, folder).load(Optional.empty(), settings))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("'node-b:65536' has no port from 1 to 65535")
        .hasMessageNotContaining("node-a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "lora-quant=int8 | lora-quant rounds an adapter: name one with lora",
        "models=a,b lora=x | lora is for one model; give each of models its own in the file",
        "models=a,b pooling=mean | pooling is for one model; give each of models its own in the file",
        "engine=llama.cpp engine-bin=/x unembed-quant=int8 | llama-server rounds no weights",
        "engine=llama.cpp engine-bin=/x kv-quant=int8 | kv-quant is the built-in engine's",
        "kv-quant=q4_0 | q4_0' is not none or int8",
        "engine=llama.cpp engine-bin=/x kernel=avx2 | kernel is the built-in engine's",
        "kernel=sse | sse' is none of auto, scalar, avx2, avx512vnni, amx, neon",
        "engine=llama.cpp engine-bin=/x pooling=mean | there are no embeddings from llama-server",
        "lora=x=much | x=much' is not an adapter's name, perhaps with =SCALE",
        "pooling=max | max' is not none, mean, cls or last",
        "unknown-model=guess | guess' is none of refuse, default"
      })
  void what_cannot_be_made_of_a_model_is_said(String flags, String message) {
    Map<String, String> settings = new HashMap<>();
    for (String flag : flags.split(" ")) {
      String[] parts = flag.split("=", 2);
      settings.put(parts[0], parts[1]);
    }
    assertThatThrownBy(
            () ->
                new ConfigurationLoader(Map.of(), folder, folder).load(Optional.empty(), settings))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message);
  }

  @Test
  void what_is_wrong_with_one_of_several_models_is_told_with_its_line() throws Exception {
    assertThatThrownBy(
            () ->
                load(
                    file(
                        """
                        model-id: x
                        models:
                          - id: nameless
                          - {model: a, slots: many}
                          - model: b
                            treads: 2
                        """)))
        .hasMessageContaining(":3: a model without 'model'")
        .hasMessageContaining(":4: slots: 'many' is not a whole number")
        .hasMessageContaining(":6: unknown setting of a model 'treads'; did you mean 'threads'?")
        .hasMessageContaining("model-id is for one model");
  }

  @Test
  void every_setting_is_read_from_the_file() throws Exception {
    var yaml = new StringBuilder();
    OTHER_VALUES.forEach(
        (name, text) -> yaml.append(name).append(": '").append(text).append("'\n"));

    assertThat(load(file(yaml.toString()))).isEqualTo(OTHERS);
  }

  @Test
  void every_setting_is_read_from_the_environment() throws Exception {
    for (Setting<?> setting : Settings.ALL) {
      if (OTHER_VALUES.containsKey(setting.name())) {
        environment.put(setting.variable(), OTHER_VALUES.get(setting.name()));
      }
    }

    assertThat(load(Optional.empty())).isEqualTo(OTHERS);
  }

  @Test
  void every_setting_is_read_from_flags() throws Exception {
    flags.putAll(OTHER_VALUES);

    assertThat(load(Optional.empty())).isEqualTo(OTHERS);
  }

  @Test
  void a_mapping_prefixes_the_names_inside_it_and_a_list_is_its_items() throws Exception {
    ServeConfiguration loaded =
        load(
            file(
                """
                # the same as management-port and queue-limit
                management:
                  port: 7000
                queue: {limit: 3, timeout: 2s}
                cors-origins:
                  - https://a.example
                  - https://b.example
                cores: [0, 2-3]
                """));

    assertThat(loaded.management().port()).isEqualTo(7000);
    assertThat(loaded.admission()).isEqualTo(new AdmissionConfiguration(3, Duration.ofSeconds(2)));
    assertThat(loaded.http().corsOrigins())
        .containsExactly("https://a.example", "https://b.example");
    assertThat(loaded.worker().cores()).contains(List.of(0, 2, 3));
  }

  @Test
  void a_flag_beats_a_variable_which_beats_the_file() throws Exception {
    Optional<String> file = file("port: 1001\nslots: 11\nthreads: 21\n");
    environment.put("BITFLEET_PORT", "1002");
    environment.put("BITFLEET_SLOTS", "12");
    flags.put("port", "1003");

    ServeConfiguration loaded = load(file);

    assertThat(loaded.http().port()).isEqualTo(1003);
    assertThat(loaded.worker().slots()).isEqualTo(12);
    assertThat(loaded.worker().threads()).contains(21);
    ResolvedSettings resolved = loader().resolve(file, flags);
    assertThat(resolved.source(Settings.PORT)).hasToString("--port");
    assertThat(resolved.source(Settings.SLOTS)).hasToString("BITFLEET_SLOTS");
    assertThat(resolved.source(Settings.THREADS).toString()).endsWith("bitfleet.yaml:3");
    assertThat(resolved.source(Settings.HOST_NAME)).hasToString("default");
  }

  @Test
  void all_problems_are_told_at_once_and_each_names_its_source() throws Exception {
    Optional<String> file =
        file(
            """
            prot: 80
            slots: none
            queue:
              timeout: 30
            client-timeout: 2m
            client-timeout: 3m
            """);
    environment.put("BITFLEET_SLTOS", "4");
    environment.put("BITFLEET_THREADS", "0");
    flags.put("port", "99999");
    flags.put("engine", "lama-server");

    assertThat(problems(file))
        .containsExactly(
            folder + "/bitfleet.yaml:1: unknown setting 'prot'; did you mean 'port'?",
            folder
                + "/bitfleet.yaml:6: 'client-timeout' is set twice, first at "
                + folder
                + "/bitfleet.yaml:5",
            folder
                + "/bitfleet.yaml:4: queue-timeout: '30' is not a duration: write a whole"
                + " number and one of ms, s, m, h",
            folder + "/bitfleet.yaml:2: slots: 'none' is not a whole number",
            "BITFLEET_SLTOS: unknown variable 'BITFLEET_SLTOS'; did you mean 'BITFLEET_SLOTS'?",
            "BITFLEET_THREADS: threads: 0 is out of range: from 1 to 1024",
            "--port: port: 99999 is out of range: from 0 to 65535",
            "--engine: engine: 'lama-server' is none of builtin, llama-server, bitnet.cpp,"
                + " ik_llama.cpp, llama.cpp; did you mean llama-server?");
  }

  @Test
  void a_mistake_in_the_file_counts_even_where_a_flag_covers_it() throws Exception {
    Optional<String> file = file("port: http\n");
    flags.put("port", "8080");

    assertThat(problems(file)).hasSize(1);
  }

  @Test
  void a_file_that_is_not_there_or_not_yaml_is_a_problem_of_its_own() throws Exception {
    assertThat(problems(Optional.of("nowhere.yaml")))
        .containsExactly(folder + "/nowhere.yaml:1: there is no such file");
    assertThat(problems(file("port: [1\nhost: 'x")))
        .singleElement()
        .asString()
        .contains("not YAML");
    assertThat(problems(file("- just\n- a list\n")))
        .singleElement()
        .asString()
        .contains("expected 'name: value' lines");
    assertThat(problems(file("port:\n")))
        .containsExactly(folder + "/bitfleet.yaml:1: 'port' has no value; leave the line out");
    assertThat(problems(file("port: 1\n---\nport: 2\n")))
        .containsExactly(folder + "/bitfleet.yaml:3: a second document");
  }

  @Test
  void an_empty_file_sets_nothing() throws Exception {
    assertThat(load(file("# nothing\n")).http().port()).isEqualTo(8080);
  }

  @Test
  void the_variable_names_a_file_when_no_flag_does() throws Exception {
    file("port: 1234\n");
    environment.put("BITFLEET_CONFIG", "bitfleet.yaml");

    assertThat(load(Optional.empty()).http().port()).isEqualTo(1234);
  }

  @Test
  void a_relative_path_starts_where_it_was_written() throws Exception {
    Files.createDirectories(folder.resolve("etc"));
    Files.writeString(folder.resolve("etc/b.yaml"), "data-dir: data\nmodel-home: ~/m\n");
    flags.put("engine-bin", "bin/llama-server");

    ServeConfiguration loaded = load(Optional.of("etc/b.yaml"));

    assertThat(loaded.dataDir()).isEqualTo(folder.resolve("etc/data"));
    assertThat(loaded.model().home()).isEqualTo(Path.of(System.getProperty("user.home"), "m"));
    assertThat(loaded.worker().engineBinary()).contains(folder.resolve("bin/llama-server"));
  }

  @Test
  void beyond_loopback_takes_a_deliberate_word() throws Exception {
    flags.put("host", "0.0.0.0");
    environment.put("BITFLEET_MANAGEMENT_HOST", "192.0.2.1");

    assertThat(problems(Optional.empty()))
        .hasSize(2)
        .anySatisfy(
            problem ->
                assertThat(problem).startsWith("--host: ").contains("--allow-unauthenticated"))
        .anySatisfy(problem -> assertThat(problem).startsWith("BITFLEET_MANAGEMENT_HOST: "));

    flags.put("api-keys", "keys.yaml");
    assertThat(problems(Optional.empty())).singleElement().asString().startsWith("BITFLEET_MAN");
    flags.remove("api-keys");
    flags.put("allow-unauthenticated", "true");
    assertThat(load(Optional.empty()).http().host()).isEqualTo("0.0.0.0");
  }

  @Test
  void values_that_are_right_alone_and_wrong_together_are_refused() throws Exception {
    flags.put("port", "9090");
    flags.put("engine", "llama-server");
    flags.put("workers", "3");
    flags.put("cores", "0-1");

    assertThat(problems(Optional.empty()))
        .containsExactly(
            "--port: port and management-port are both 9090",
            "--engine: engine llama-server needs engine-bin, the path of its program",
            "--workers: 3 workers cannot share 2 cores");
  }

  @Test
  void two_ports_may_both_be_free_ones() throws Exception {
    flags.put("port", "0");
    flags.put("management-port", "0");

    assertThat(load(Optional.empty()).management().port()).isZero();
  }

  @Test
  void variables_of_other_programs_are_left_alone() throws Exception {
    environment.put("PATH", "/bin");
    environment.put("BITFLEET_JAVA_OPTS", "-Xmx1g");

    assertThat(load(Optional.empty()).http().port()).isEqualTo(8080);
  }

  @Test
  void the_data_folder_follows_the_xdg_variable() throws Exception {
    environment.put("XDG_DATA_HOME", "/var/share");

    assertThat(load(Optional.empty()).dataDir()).isEqualTo(Path.of("/var/share/bitfleet"));
  }

  @Test
  void the_exception_reads_as_a_list() throws Exception {
    flags.put("port", "x");

    assertThatThrownBy(() -> load(Optional.empty()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("  --port: port: 'x' is not a whole number");
  }

  private ConfigurationLoader loader() {
    return new ConfigurationLoader(environment, folder, folder.resolve("home"));
  }

  private ServeConfiguration load(Optional<String> file) throws ConfigurationException {
    return loader().load(file, flags);
  }

  private List<String> problems(Optional<String> file) {
    ConfigurationException e = catchThrowableOfType(ConfigurationException.class, () -> load(file));
    assertThat(e).isNotNull();
    return e.problems().stream().map(Problem::toString).toList();
  }

  private Optional<String> file(String yaml) throws IOException {
    Files.writeString(folder.resolve("bitfleet.yaml"), yaml);
    return Optional.of("bitfleet.yaml");
  }
}
