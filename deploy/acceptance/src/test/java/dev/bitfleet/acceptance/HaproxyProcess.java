package dev.bitfleet.acceptance;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The real HAProxy with the configuration as it is shipped, in front of nodes of this machine. */
final class HaproxyProcess implements AutoCloseable {
  private static final Path CONFIGURATION =
      Installation.repository().resolve("deploy/haproxy/haproxy.cfg");

  /** Where Debian has it, which is not on everybody's path. */
  private static final Path PROGRAM = Path.of("/usr/sbin/haproxy");

  private final Process process;
  private final Path log;
  private final URI api;
  private final URI stats;
  private final HttpClient http = HttpClient.newHttpClient();

  private HaproxyProcess(Process process, Path log, int port, int statsPort) {
    this.process = process;
    this.log = log;
    this.api = URI.create("http://127.0.0.1:" + port);
    this.stats = URI.create("http://127.0.0.1:" + statsPort);
  }

  static boolean isInstalled() {
    return Files.isExecutable(PROGRAM);
  }

  /**
   * Starts it; nodes need not be there yet.
   *
   * @param nodePorts of the nodes' APIs
   * @param environment beside their addresses
   */
  static HaproxyProcess start(Path folder, List<Integer> nodePorts, Map<String, String> environment)
      throws IOException {
    List<Integer> own = Ports.free(2);
    Path log = Files.createTempFile(folder, "haproxy", ".log");
    var builder =
        new ProcessBuilder(PROGRAM.toString(), "-db", "-f", CONFIGURATION.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("FLEET_"));
    builder.environment().put("FLEET_BIND", "127.0.0.1:" + own.getFirst());
    builder.environment().put("FLEET_STATS", "127.0.0.1:" + own.getLast());
    for (int i = 0; i < nodePorts.size(); i++) {
      builder.environment().put("FLEET_NODE_" + (i + 1), "127.0.0.1:" + nodePorts.get(i));
    }
    builder.environment().putAll(environment);
    return new HaproxyProcess(builder.start(), log, own.getFirst(), own.getLast());
  }

  /** Scheme, host and port that clients come to. */
  URI api() {
    return api;
  }

  /** Waits until it finds so many of its nodes healthy. */
  void awaitHealthy(int nodes) {
    try {
      Await.until(
          nodes + " healthy nodes",
          Duration.ofSeconds(20),
          () ->
              !process.isAlive()
                  || samples("haproxy_server_status", "state=\"UP\"").stream()
                          .filter(up -> up == 1)
                          .count()
                      == nodes);
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "\n" + describe(), e);
    }
    if (!process.isAlive()) {
      throw new AssertionError("haproxy ended\n" + describe());
    }
  }

  /** Requests each node has had, by its name in the configuration. */
  List<Double> requestsOfNodes() {
    return samples("haproxy_server_http_responses_total", "code=\"2xx\"");
  }

  /** Values of a metric of its nodes, in their order. */
  private List<Double> samples(String name, String label) {
    try {
      String page =
          http.send(
                  HttpRequest.newBuilder(stats.resolve("/metrics"))
                      .timeout(Duration.ofSeconds(5))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      Matcher sample =
          Pattern.compile("(?m)^" + name + "\\{proxy=\"nodes\",[^}]*" + label + "[^}]*} (\\S+)$")
              .matcher(page);
      return sample.results().map(found -> Double.parseDouble(found.group(1))).toList();
    } catch (IOException e) {
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  /** One line for each request that has ended, as {@code option httplog} writes it. */
  List<String> requestLog() throws IOException {
    return Files.readAllLines(log).stream().filter(line -> line.contains(" HTTP/1.1\"")).toList();
  }

  /** Everything it wrote, for the message of a failed test. */
  String describe() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return String.valueOf(e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
