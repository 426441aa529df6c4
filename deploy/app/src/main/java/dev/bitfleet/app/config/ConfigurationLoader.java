package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads file, environment and flags once, and makes records of them. */
public final class ConfigurationLoader {
  /** Names the configuration file when {@code --config} does not. */
  public static final String FILE_VARIABLE = "BITFLEET_CONFIG";

  private final Map<String, String> environment;
  private final Path workingFolder;
  private final Path home;

  /**
   * @param workingFolder what relative paths in the environment and in flags start from
   * @param home the user's home folder
   */
  public ConfigurationLoader(Map<String, String> environment, Path workingFolder, Path home) {
    this.environment = Map.copyOf(environment);
    this.workingFolder = workingFolder;
    this.home = home;
  }

  /** A loader over this process's own surroundings. */
  public static ConfigurationLoader ofProcess() {
    return new ConfigurationLoader(
        System.getenv(),
        Path.of("").toAbsolutePath(),
        Path.of(Optional.ofNullable(System.getProperty("user.home")).orElse("/")));
  }

  /**
   * Merges everything.
   *
   * @param file the file {@code --config} names
   * @param flags by setting name; the written forms
   * @throws ConfigurationException with every problem there is
   */
  public ServeConfiguration load(Optional<String> file, Map<String, String> flags)
      throws ConfigurationException {
    return toRecords(resolve(file, flags));
  }

  /** The merged settings with their sources, problems and all. */
  ResolvedSettings resolve(Optional<String> file, Map<String, String> flags) {
    var layers = new ArrayList<Layer>();
    file.or(() -> Optional.ofNullable(environment.get(FILE_VARIABLE)).filter(f -> !f.isBlank()))
        .map(workingFolder::resolve)
        .map(YamlLayer::read)
        .ifPresent(layers::add);
    layers.add(EnvironmentLayer.of(environment, workingFolder));
    layers.add(flagLayer(flags));
    return new ResolvedSettings(layers);
  }

  private Layer flagLayer(Map<String, String> flags) {
    var entries = new LinkedHashMap<String, Layer.Entry>();
    for (Setting<?> setting : Settings.ALL) {
      String text = flags.get(setting.name());
      if (text != null) {
        String spelling = setting == Settings.MODEL_NAME ? "MODEL" : setting.flag();
        entries.put(setting.name(), new Layer.Entry(text, new Source.Flag(spelling)));
      }
    }
    return new Layer(entries, List.of(), workingFolder);
  }

  private ServeConfiguration toRecords(ResolvedSettings settings) throws ConfigurationException {
    List<ModelConfiguration.Wish> wishes = wishes(settings);
    var problems = new ArrayList<>(settings.problems());
    problems.addAll(CrossChecks.of(settings));
    problems.addAll(CrossChecks.ofModels(settings, wishes));
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    Path dataDir = settings.get(Settings.DATA_DIR).orElseGet(this::usualDataDir);
    return new ServeConfiguration(
        new ModelConfiguration(
            wishes,
            settings.get(Settings.MODEL_HOME).orElseGet(() -> dataDir.resolve("models")),
            settings.get(Settings.MODEL_KEEP_ALIVE)),
        new HttpConfiguration(
            settings.get(Settings.HOST_NAME),
            settings.get(Settings.PORT),
            settings.get(Settings.ALLOW_UNAUTHENTICATED),
            settings.get(Settings.API_KEYS),
            settings.get(Settings.ALLOWED_HOSTS),
            settings.get(Settings.CORS_ORIGINS),
            settings.get(Settings.MAX_BODY),
            settings.get(Settings.MAX_HEADERS),
            settings.get(Settings.CLIENT_TIMEOUT),
            settings.get(Settings.STREAM_GRACE),
            settings.get(Settings.REFUSE_WITH_422),
            settings.get(Settings.UNKNOWN_MODEL),
            settings.get(Settings.SHOW_SLOTS)),
        new ManagementConfiguration(
            settings.get(Settings.MANAGEMENT_HOST), settings.get(Settings.MANAGEMENT_PORT)),
        new AdmissionConfiguration(
            settings.get(Settings.QUEUE_LIMIT), settings.get(Settings.QUEUE_TIMEOUT)),
        new WorkerConfiguration(
            settings.get(Settings.WORKERS),
            settings.get(Settings.CORES),
            settings.get(Settings.THREADS),
            settings.get(Settings.CTX_SIZE),
            settings.get(Settings.SLOTS),
            settings.get(Settings.KV_MEMORY),
            settings.get(Settings.KV_QUANT),
            settings.get(Settings.STEP_BUDGET),
            settings.get(Settings.SPECULATION),
            settings.get(Settings.KERNEL),
            settings.get(Settings.ENGINE),
            settings.get(Settings.ENGINE_BIN)),
        new StoreConfiguration(
            settings.get(Settings.CONVERSATION_TTL),
            settings.get(Settings.STORE_MEMORY),
            settings.get(Settings.MAX_CONVERSATIONS),
            settings.get(Settings.CONVERSATION_ITEMS),
            settings.get(Settings.CONVERSATION_SIZE),
            settings
                .get(Settings.JOURNAL_URL)
                .map(
                    url ->
                        new JournalConfiguration(
                            url,
                            settings.get(Settings.JOURNAL_USER),
                            settings.get(Settings.JOURNAL_PASSWORD_FILE)))),
        cluster(settings),
        dataDir,
        settings.get(Settings.DRAIN_DELAY),
        settings.get(Settings.DRAIN_TIMEOUT),
        settings.get(Settings.LOG_LEVEL));
  }

  private static Optional<ClusterConfiguration> cluster(ResolvedSettings settings) {
    return settings
        .get(Settings.CLUSTER_PORT)
        .map(
            port ->
                new ClusterConfiguration(
                    settings.get(Settings.CLUSTER_HOST),
                    port,
                    settings.get(Settings.CLUSTER_JOIN),
                    settings.get(Settings.CLUSTER_DNS),
                    settings.get(Settings.CLUSTER_NAME),
                    settings.get(Settings.CLUSTER_SECRET_FILE),
                    settings
                        .get(Settings.CLUSTER_TLS_CERT)
                        .map(
                            certificate ->
                                new ClusterConfiguration.Tls(
                                    certificate,
                                    settings.get(Settings.CLUSTER_TLS_KEY).orElseThrow(),
                                    settings.get(Settings.CLUSTER_TLS_CA).orElseThrow())),
                    settings.get(Settings.CLUSTER_REJOIN_WAIT)));
  }

  /** Whoever names one model means it alone, where that is the stronger word. */
  private static List<ModelConfiguration.Wish> wishes(ResolvedSettings settings) {
    List<String> models = settings.get(Settings.MODELS);
    if (models.isEmpty()
        || settings.strength(Settings.MODEL_NAME) > settings.strength(Settings.MODELS)) {
      return List.of(
          ModelConfiguration.Wish.plain(
              settings.get(Settings.MODEL_NAME),
              settings.get(Settings.MODEL_ALIAS),
              new ModelConfiguration.Making(
                  settings.get(Settings.LORA),
                  settings.get(Settings.LORA_QUANT),
                  settings.get(Settings.UNEMBED_QUANT),
                  settings.get(Settings.POOLING))));
    }
    var wishes = new ArrayList<ModelConfiguration.Wish>();
    for (int i = 0; i < models.size(); i++) {
      int slots = settings.ofModel(i, "slots", Settings.SLOTS, 0);
      wishes.add(
          new ModelConfiguration.Wish(
              Optional.of(models.get(i)),
              settings.ofModel(i, "id", Settings.MODEL_ALIAS, Optional.empty()),
              slots == 0 ? Optional.empty() : Optional.of(slots),
              settings.ofModel(i, "ctx-size", Settings.CTX_SIZE, Optional.empty()),
              settings.ofModel(i, "threads", Settings.THREADS, Optional.empty()),
              settings.ofModel(i, "keep-alive", Settings.MODEL_KEEP_ALIVE, Optional.empty()),
              new ModelConfiguration.Making(
                  settings.ofModel(i, "lora", Settings.LORA, Optional.empty()),
                  settings.ofModel(i, "lora-quant", Settings.LORA_QUANT, Optional.empty()),
                  settings.ofModel(
                      i,
                      "unembed-quant",
                      Settings.UNEMBED_QUANT,
                      settings.get(Settings.UNEMBED_QUANT)),
                  settings.ofModel(i, "pooling", Settings.POOLING, Optional.empty()))));
    }
    return List.copyOf(wishes);
  }

  /** By the XDG base directory rules, which ask for relative values to be ignored. */
  private Path usualDataDir() {
    Path share =
        Optional.ofNullable(environment.get("XDG_DATA_HOME"))
            .filter(text -> text.startsWith("/"))
            .map(Path::of)
            .orElseGet(() -> home.resolve(".local/share"));
    return share.resolve("bitfleet");
  }
}
