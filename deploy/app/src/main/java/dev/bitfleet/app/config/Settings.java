package dev.bitfleet.app.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Every setting there is: names, defaults, limits. */
public final class Settings {
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9.:_-]{1,255}");
  private static final Pattern MODEL = Pattern.compile("\\S|\\S.*\\S");
  private static final Pattern MODEL_ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}");
  private static final Pattern ADAPTER =
      Pattern.compile("[^=\\s][^=]*(=-?\\d{1,4}(\\.\\d{1,6})?)?");
  private static final Pattern QUANT = Pattern.compile("none|int8|q4_0");
  private static final Pattern HEAD_QUANT = Pattern.compile("auto|none|int8|q4_0");
  private static final Pattern KV_QUANTS = Pattern.compile("none|int8");
  private static final Pattern POOLINGS = Pattern.compile("none|mean|cls|last");
  private static final Pattern FLEET_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final Pattern USER = Pattern.compile("[^\\p{Cntrl}]{1,63}");
  private static final int MAX_PORT = 65_535;

  public static final Setting<Optional<String>> MODEL_NAME =
      new Setting<>(
          "model",
          Kind.optional(Kind.text("a model", MODEL)),
          Optional.empty(),
          "a .gguf file, or the name of one in the model home; the bundled demo when left out");
  public static final Setting<Optional<String>> MODEL_ALIAS =
      new Setting<>(
          "model-id",
          Kind.optional(
              Kind.text("a model id (letters, digits and . _ : / @ -, at most 128)", MODEL_ID)),
          Optional.empty(),
          "the name clients ask for; the file's own name when left out");
  public static final Setting<List<String>> MODELS =
      new Setting<>(
          "models",
          Kind.names(),
          List.of(),
          "several models, separated by commas; the first serves requests that name none");
  public static final Setting<Optional<Duration>> MODEL_KEEP_ALIVE =
      new Setting<>(
          "model-keep-alive",
          Kind.optional(Kind.duration(Duration.ofSeconds(1), Duration.ofDays(365))),
          Optional.empty(),
          "how long a model nobody uses stays in memory; for ever when left out");
  public static final Setting<Optional<String>> LORA =
      new Setting<>(
          "lora",
          Kind.optional(Kind.text("an adapter's name, perhaps with =SCALE", ADAPTER)),
          Optional.empty(),
          "a LoRA adapter of the model home, as NAME or NAME=SCALE (1 is as trained)");
  public static final Setting<Optional<String>> LORA_QUANT =
      new Setting<>(
          "lora-quant",
          Kind.optional(Kind.text("none, int8 or q4_0", QUANT)),
          Optional.empty(),
          "what the adapter's weights are rounded to: none, int8 or q4_0; none when left out");
  public static final Setting<Optional<String>> UNEMBED_QUANT =
      new Setting<>(
          "unembed-quant",
          Kind.optional(Kind.text("auto, none, int8 or q4_0", HEAD_QUANT)),
          Optional.empty(),
          "what the output matrix is rounded to: none, int8 or q4_0; int8 where it is large when left out, or auto");
  public static final Setting<Optional<String>> POOLING =
      new Setting<>(
          "pooling",
          Kind.optional(Kind.text("none, mean, cls or last", POOLINGS)),
          Optional.empty(),
          "how embeddings are made: none, mean, cls or last; as the model's file says when left out");
  public static final Setting<Optional<Path>> MODEL_HOME =
      new Setting<>(
          "model-home",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "folder of models; 'models' in the data folder when left out");
  public static final Setting<Optional<Path>> DATA_DIR =
      new Setting<>(
          "data-dir",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "folder Bitfleet writes to; ~/.local/share/bitfleet when left out");

  public static final Setting<String> HOST_NAME =
      new Setting<>(
          "host", Kind.text("a host name or address", HOST), "127.0.0.1", "address of the API");
  public static final Setting<Integer> PORT =
      new Setting<>("port", Kind.integer(0, MAX_PORT), 8080, "port of the API; 0 picks a free one");
  public static final Setting<String> MANAGEMENT_HOST =
      new Setting<>(
          "management-host",
          Kind.text("a host name or address", HOST),
          "127.0.0.1",
          "address of health, metrics and workers");
  public static final Setting<Integer> MANAGEMENT_PORT =
      new Setting<>(
          "management-port",
          Kind.integer(0, MAX_PORT),
          9090,
          "port of health, metrics and workers; 0 picks a free one");
  public static final Setting<Boolean> ALLOW_UNAUTHENTICATED =
      new Setting<>(
          "allow-unauthenticated",
          Kind.flag(),
          false,
          "let anyone who reaches a host beyond loopback use it without a key");
  public static final Setting<Optional<Path>> API_KEYS =
      new Setting<>(
          "api-keys",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "file of API keys, see 'bitfleet key'; without one nobody is asked for a key");
  public static final Setting<Optional<List<String>>> ALLOWED_HOSTS =
      new Setting<>(
          "allowed-hosts",
          Kind.orAuto(Kind.hostNames()),
          Optional.empty(),
          "names the API answers to; auto is loopback's when bound there, else any (*)");
  public static final Setting<List<String>> CORS_ORIGINS =
      new Setting<>(
          "cors-origins",
          Kind.origins(),
          List.of("loopback"),
          "web origins whose pages may call the API; loopback is any port of this machine, * is any");
  public static final Setting<DataSize> MAX_BODY =
      new Setting<>(
          "max-body",
          Kind.size(DataSize.ofKibibytes(1), DataSize.ofMebibytes(256)),
          DataSize.ofMebibytes(8),
          "largest request body");
  public static final Setting<DataSize> MAX_HEADERS =
      new Setting<>(
          "max-headers",
          Kind.size(DataSize.ofKibibytes(1), DataSize.ofMebibytes(1)),
          DataSize.ofKibibytes(16),
          "all headers of a request together");
  public static final Setting<Duration> CLIENT_TIMEOUT =
      new Setting<>(
          "client-timeout",
          Kind.duration(Duration.ofSeconds(1), Duration.ofHours(1)),
          Duration.ofSeconds(10),
          "how long a client may take over its headers, or leave its answer unread");

  public static final Setting<Boolean> REFUSE_WITH_422 =
      new Setting<>(
          "refuse-with-422",
          Kind.flag(),
          false,
          "answer a bad body with 422 on /completion and in a conversation's chat, as older servers did");

  public static final Setting<UnknownModel> UNKNOWN_MODEL =
      new Setting<>(
          "unknown-model",
          Kind.oneOf(UnknownModel.class, UnknownModel::names),
          UnknownModel.REFUSE,
          "what OpenAI's routes do when nobody serves the model named: refuse, or default");
  public static final Setting<Boolean> SHOW_SLOTS =
      new Setting<>(
          "show-slots",
          Kind.flag(),
          false,
          "answer GET /slots with which slots are taken, and nothing of what is in them");

  public static final Setting<Integer> QUEUE_LIMIT =
      new Setting<>(
          "queue-limit",
          Kind.integer(0, 100_000),
          256,
          "requests that may wait for a slot; the next is answered 429");
  public static final Setting<Duration> QUEUE_TIMEOUT =
      new Setting<>(
          "queue-timeout",
          Kind.duration(Duration.ofMillis(10), Duration.ofHours(1)),
          Duration.ofSeconds(60),
          "how long a request may wait for a slot before it is answered 503");

  public static final Setting<Optional<Integer>> WORKERS =
      new Setting<>(
          "workers",
          Kind.orAuto(Kind.integer(1, 256)),
          Optional.empty(),
          "engine processes; auto is one for each memory node");
  public static final Setting<Optional<List<Integer>>> CORES =
      new Setting<>(
          "cores",
          Kind.orAuto(Kind.cpuList()),
          Optional.empty(),
          "CPUs the engines may use, such as 0-3,8; auto is one for each physical core");
  public static final Setting<Optional<Integer>> THREADS =
      new Setting<>(
          "threads",
          Kind.orAuto(Kind.integer(1, 1_024)),
          Optional.empty(),
          "threads of one engine; auto is one for each of its cores");
  public static final Setting<Optional<Integer>> CTX_SIZE =
      new Setting<>(
          "ctx-size",
          Kind.orAuto(Kind.integer(16, 1 << 20)),
          Optional.empty(),
          "tokens one sequence may hold; auto is the model's own, within bounds");
  public static final Setting<Integer> SLOTS =
      new Setting<>("slots", Kind.integer(1, 256), 4, "sequences one engine works on at once");
  public static final Setting<Optional<DataSize>> KV_MEMORY =
      new Setting<>(
          "kv-memory",
          Kind.orAuto(Kind.size(DataSize.ofMebibytes(1), DataSize.ofMebibytes(1 << 24))),
          Optional.empty(),
          "memory of one engine's KV cache; auto gives every slot its whole context");
  public static final Setting<Optional<String>> KV_QUANT =
      new Setting<>(
          "kv-quant",
          Kind.optional(Kind.text("none or int8", KV_QUANTS)),
          Optional.empty(),
          "what keys and values are rounded to in the KV cache: none (16 bits) or int8; none when left out");
  public static final Setting<Duration> STEP_BUDGET =
      new Setting<>(
          "step-budget",
          Kind.duration(Duration.ofMillis(1), Duration.ofMinutes(1)),
          Duration.ofMillis(100),
          "how long running streams may wait for a step that also reads prompts");
  public static final Setting<SpeculationMode> SPECULATION =
      new Setting<>(
          "speculation",
          Kind.oneOf(SpeculationMode.class, SpeculationMode::names),
          SpeculationMode.AUTO,
          "guess tokens where a text repeats itself: auto or off; the text is the same");
  public static final Setting<KernelName> KERNEL =
      new Setting<>(
          "kernel",
          Kind.oneOf(KernelName.class, KernelName::names),
          KernelName.AUTO,
          "instructions to compute with: auto, scalar, avx2, avx512vnni, amx or neon; the text is the same");
  public static final Setting<EngineKind> ENGINE =
      new Setting<>(
          "engine",
          Kind.oneOf(EngineKind.class, EngineKind::names),
          EngineKind.BUILTIN,
          "builtin, or llama-server (bitnet.cpp, ik_llama.cpp, llama.cpp)");
  public static final Setting<Optional<Path>> ENGINE_BIN =
      new Setting<>(
          "engine-bin",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "the engine's program; needed with llama-server");

  public static final Setting<Duration> STREAM_GRACE =
      new Setting<>(
          "stream-grace",
          Kind.duration(Duration.ofMillis(1), Duration.ofHours(1)),
          Duration.ofSeconds(30),
          "how long a stored response stream goes on without its client");

  public static final Setting<Duration> CONVERSATION_TTL =
      new Setting<>(
          "conversation-ttl",
          Kind.duration(Duration.ofSeconds(1), Duration.ofHours(24 * 3650)),
          Duration.ofHours(24 * 30),
          "how long conversations, responses and stored completions are kept after their last change");
  public static final Setting<DataSize> STORE_MEMORY =
      new Setting<>(
          "store-memory",
          Kind.size(DataSize.ofMebibytes(1), DataSize.ofMebibytes(1 << 20)),
          DataSize.ofMebibytes(256),
          "memory for all that is kept; what would go beyond it is answered 503");
  public static final Setting<Integer> MAX_CONVERSATIONS =
      new Setting<>(
          "max-conversations",
          Kind.integer(1, 100_000_000),
          100_000,
          "conversations one tenant may have");
  public static final Setting<Integer> CONVERSATION_ITEMS =
      new Setting<>(
          "conversation-items",
          Kind.integer(1, 1_000_000),
          10_000,
          "items one conversation may have");
  public static final Setting<DataSize> CONVERSATION_SIZE =
      new Setting<>(
          "conversation-size",
          Kind.size(DataSize.ofKibibytes(1), DataSize.ofMebibytes(256)),
          DataSize.ofMebibytes(8),
          "all items of one conversation together");

  public static final Setting<Optional<String>> JOURNAL_URL =
      new Setting<>(
          "journal-url",
          Kind.optional(Kind.databaseUrl()),
          Optional.empty(),
          "PostgreSQL database for the journal, as jdbc:postgresql://HOST/DATABASE; a file of each node's own when left out");
  public static final Setting<Optional<String>> JOURNAL_USER =
      new Setting<>(
          "journal-user",
          Kind.optional(Kind.text("a user's name", USER)),
          Optional.empty(),
          "user of that database; the system's user when left out");
  public static final Setting<Optional<Path>> JOURNAL_PASSWORD_FILE =
      new Setting<>(
          "journal-password-file",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "file with that user's password");

  public static final Setting<String> CLUSTER_HOST =
      new Setting<>(
          "cluster-host",
          Kind.text("a host name or address", HOST),
          "127.0.0.1",
          "address that other nodes reach this one at; nothing else of the cluster is bound");
  public static final Setting<Optional<Integer>> CLUSTER_PORT =
      new Setting<>(
          "cluster-port",
          Kind.optional(Kind.integer(1, MAX_PORT - 1)),
          Optional.empty(),
          "port of this node in its cluster, and the next one for its event bus; alone when left out");
  public static final Setting<List<String>> CLUSTER_JOIN =
      new Setting<>(
          "cluster-join",
          Kind.nodes(),
          List.of(),
          "nodes to join, as HOST or HOST:PORT, separated by commas; some of them may be down");
  public static final Setting<Optional<String>> CLUSTER_DNS =
      new Setting<>(
          "cluster-dns",
          Kind.optional(Kind.text("a host name", HOST)),
          Optional.empty(),
          "a name with the addresses of all nodes, such as a headless service of Kubernetes; beside cluster-join");
  public static final Setting<String> CLUSTER_NAME =
      new Setting<>(
          "cluster-name",
          Kind.text("a cluster's name (letters, digits and . _ -, at most 64)", FLEET_NAME),
          "bitfleet",
          "nodes of another name are strangers");
  public static final Setting<Optional<Path>> CLUSTER_SECRET_FILE =
      new Setting<>(
          "cluster-secret-file",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "file with the secret that all nodes of a cluster share; needed beyond loopback");
  public static final Setting<Optional<Path>> CLUSTER_TLS_CERT =
      new Setting<>(
          "cluster-tls-cert",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "PEM certificate of this node's event bus");
  public static final Setting<Optional<Path>> CLUSTER_TLS_KEY =
      new Setting<>(
          "cluster-tls-key",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "its PEM private key (PKCS #8)");
  public static final Setting<Optional<Path>> CLUSTER_TLS_CA =
      new Setting<>(
          "cluster-tls-ca",
          Kind.optional(Kind.path()),
          Optional.empty(),
          "PEM certificates of those who may sign for a node");
  public static final Setting<Duration> CLUSTER_REJOIN_WAIT =
      new Setting<>(
          "cluster-rejoin-wait",
          Kind.duration(Duration.ZERO, Duration.ofHours(1)),
          Duration.ofMinutes(2),
          "how long, after all nodes were down, what is kept waits for those that were there before");

  public static final Setting<Duration> DRAIN_DELAY =
      new Setting<>(
          "drain-delay",
          Kind.duration(Duration.ZERO, Duration.ofMinutes(10)),
          Duration.ZERO,
          "how long requests are still taken after SIGTERM, unready already, until a balancer has seen it");
  public static final Setting<Duration> DRAIN_TIMEOUT =
      new Setting<>(
          "drain-timeout",
          Kind.duration(Duration.ofMillis(1), Duration.ofHours(1)),
          Duration.ofSeconds(30),
          "how long running streams may go on after SIGTERM");
  public static final Setting<LogLevel> LOG_LEVEL =
      new Setting<>(
          "log-level",
          Kind.oneOf(LogLevel.class, LogLevel::names),
          LogLevel.INFO,
          "error, warn, info or debug");

  /** All of them, in the order documentation lists them. */
  public static final List<Setting<?>> ALL =
      List.of(
          MODEL_NAME,
          MODEL_ALIAS,
          MODELS,
          MODEL_KEEP_ALIVE,
          LORA,
          LORA_QUANT,
          UNEMBED_QUANT,
          POOLING,
          MODEL_HOME,
          DATA_DIR,
          HOST_NAME,
          PORT,
          MANAGEMENT_HOST,
          MANAGEMENT_PORT,
          ALLOW_UNAUTHENTICATED,
          API_KEYS,
          ALLOWED_HOSTS,
          CORS_ORIGINS,
          MAX_BODY,
          MAX_HEADERS,
          CLIENT_TIMEOUT,
          STREAM_GRACE,
          REFUSE_WITH_422,
          UNKNOWN_MODEL,
          SHOW_SLOTS,
          QUEUE_LIMIT,
          QUEUE_TIMEOUT,
          WORKERS,
          CORES,
          THREADS,
          CTX_SIZE,
          SLOTS,
          KV_MEMORY,
          KV_QUANT,
          STEP_BUDGET,
          SPECULATION,
          KERNEL,
          ENGINE,
          ENGINE_BIN,
          CONVERSATION_TTL,
          STORE_MEMORY,
          MAX_CONVERSATIONS,
          CONVERSATION_ITEMS,
          CONVERSATION_SIZE,
          JOURNAL_URL,
          JOURNAL_USER,
          JOURNAL_PASSWORD_FILE,
          CLUSTER_HOST,
          CLUSTER_PORT,
          CLUSTER_JOIN,
          CLUSTER_DNS,
          CLUSTER_NAME,
          CLUSTER_SECRET_FILE,
          CLUSTER_TLS_CERT,
          CLUSTER_TLS_KEY,
          CLUSTER_TLS_CA,
          CLUSTER_REJOIN_WAIT,
          DRAIN_DELAY,
          DRAIN_TIMEOUT,
          LOG_LEVEL);

  private Settings() {}

  /** The names, for suggestions. */
  public static List<String> names() {
    return ALL.stream().map(Setting::name).toList();
  }
}
