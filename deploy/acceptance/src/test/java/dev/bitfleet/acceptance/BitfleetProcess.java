package dev.bitfleet.acceptance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A running {@code bitfleet serve}, ready when {@link #start} returns, gone after {@link #close}.
 */
public final class BitfleetProcess implements AutoCloseable {
  private static final Duration READY_WITHIN = Duration.ofSeconds(60);
  private static final Pattern API = Pattern.compile("\\s+API\\s+(http://\\S+)/v1");
  private static final Pattern MANAGEMENT = Pattern.compile("\\s+management\\s+(http://\\S+).*");

  /** Where a node that only works answers clients. */
  private static final URI NOWHERE = URI.create("http://worker.invalid");

  private static final JsonMapper JSON = JsonMapper.shared();

  private final Process process;
  private final Path log;
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<String> out = new CopyOnWriteArrayList<>();
  private final CompletableFuture<URI> api = new CompletableFuture<>();
  private final CompletableFuture<URI> management = new CompletableFuture<>();

  private BitfleetProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
    Thread.ofPlatform().daemon().name("bitfleet stdout").start(this::readOut);
  }

  /**
   * Starts one on free ports, with a data folder inside {@code folder}, and returns when its
   * management port says that it is ready.
   *
   * @param arguments of {@code serve}
   */
  public static BitfleetProcess start(Path folder, String... arguments) throws Exception {
    return startAs("serve", folder, arguments);
  }

  /** The same of a node that is perhaps only a gateway or only a worker. */
  static BitfleetProcess startAs(String role, Path folder, String... arguments) throws Exception {
    var all =
        new ArrayList<>(
            List.of(
                role,
                "--port",
                "0",
                "--management-port",
                "0",
                "--data-dir",
                folder.resolve("data").toString()));
    all.addAll(Arrays.asList(arguments));
    return start(folder, Installation.command(all));
  }

  /** The same with a command line of its own. */
  public static BitfleetProcess start(Path folder, List<String> command) throws Exception {
    Path log = Files.createTempFile(Files.createDirectories(folder), "bitfleet", ".log");
    var builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectError(log.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("BITFLEET_"));
    var started = new BitfleetProcess(builder.start(), log);
    if (command.contains("worker")) {
      started.api.complete(NOWHERE);
    }
    try {
      started.awaitReady();
      return started;
    } catch (Exception | AssertionError e) {
      started.close();
      throw e;
    }
  }

  private void awaitReady() throws Exception {
    try {
      CompletableFuture.anyOf(
              CompletableFuture.allOf(api, management),
              process
                  .onExit()
                  .thenAccept(
                      ended -> {
                        throw new IllegalStateException("ended with " + ended.exitValue());
                      }))
          .get(READY_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
      throw new AssertionError("bitfleet did not get ready: " + e + "\n" + describe(), e);
    }
    Await.until(
        "readiness on the management port",
        READY_WITHIN,
        () -> status(management().resolve("/health/ready")) == 200);
  }

  /** Scheme, host and port of the API, without a path. */
  public URI api() {
    return api.join();
  }

  /** Scheme, host and port of the management side. */
  public URI management() {
    return management.join();
  }

  /** Process id of the JVM. */
  public long pid() {
    return process.pid();
  }

  /** Lines of stdout so far. */
  public List<String> out() {
    return List.copyOf(out);
  }

  /** The log so far. */
  public String log() {
    try {
      return Files.readString(log, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return String.valueOf(e);
    }
  }

  /** The workers as the management port lists them. */
  public List<JsonNode> workers() {
    try {
      HttpResponse<String> response = get(management().resolve("/workers"));
      JsonNode root = JSON.readTree(response.body());
      JsonNode list = root.isArray() ? root : root.get("workers");
      var workers = new ArrayList<JsonNode>();
      list.forEach(workers::add);
      return workers;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** The only worker. */
  public JsonNode worker() {
    List<JsonNode> workers = workers();
    if (workers.size() != 1) {
      throw new AssertionError("not one worker: " + workers);
    }
    return workers.getFirst();
  }

  /** Process id of the only worker's engine; 0 while there is none. */
  public long enginePid() {
    return worker().get("engine_pid").asLong();
  }

  /** Sequences the only worker works on. */
  public int openSequences() {
    return worker().get("open_sequences").asInt();
  }

  /** The metrics page. */
  public String metrics() throws IOException {
    return get(management().resolve("/metrics")).body();
  }

  /** Asks it to stop, as systemd does. */
  public void terminate() {
    // Not Process.destroy(), which closes our end of its output too.
    process.toHandle().destroy();
  }

  /** Kills the JVM without a word. */
  public void kill() {
    process.destroyForcibly();
  }

  /** Waits for its end; returns the exit status. */
  public int awaitExit(Duration window) throws InterruptedException {
    if (!process.waitFor(window.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("still running after " + window + "\n" + describe());
    }
    return process.exitValue();
  }

  public boolean isRunning() {
    return process.isAlive();
  }

  /** Everything it printed, for the message of a failed test. */
  public String describe() {
    return "---- stdout\n" + String.join("\n", out) + "\n---- log\n" + log();
  }

  /** Ends it whatever state it is in; its engines die with it. */
  @Override
  public void close() {
    List<ProcessHandle> engines = process.descendants().toList();
    process.destroyForcibly();
    process.onExit().join();
    Await.until(
        "engines die with their JVM",
        Duration.ofSeconds(5),
        () -> engines.stream().noneMatch(ProcessHandle::isAlive));
  }

  private int status(URI uri) {
    try {
      return get(uri).statusCode();
    } catch (IOException e) {
      return 0;
    }
  }

  private HttpResponse<String> get(URI uri) throws IOException {
    try {
      return http.send(
          HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(10)).build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private void readOut() {
    try (var reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        out.add(line);
        complete(API, line, api);
        complete(MANAGEMENT, line, management);
      }
    } catch (IOException e) {
      out.add("(stdout broke off: " + e + ")");
    }
  }

  private static void complete(Pattern pattern, String line, CompletableFuture<URI> future) {
    Matcher matcher = pattern.matcher(line);
    if (matcher.matches()) {
      future.complete(URI.create(matcher.group(1)));
    }
  }
}
