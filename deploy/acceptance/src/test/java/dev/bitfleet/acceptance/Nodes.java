package dev.bitfleet.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Nodes of one cluster on this machine, each with a folder of its own; all end with {@link #close}.
 */
public final class Nodes implements AutoCloseable {
  private final Path folder;
  private final List<Integer> ports;
  private final List<BitfleetProcess> running = new CopyOnWriteArrayList<>();

  /**
   * @param count nodes there can be
   */
  public Nodes(Path folder, int count) throws IOException {
    this.folder = folder;
    this.ports = Ports.freePairs(count);
    Files.writeString(folder.resolve("secret"), "a secret that only these nodes have\n");
  }

  /** The settings that make a node of this cluster of one. */
  List<String> settings(int node) {
    return List.of(
        "--cluster-port",
        ports.get(node).toString(),
        "--cluster-join",
        String.join(",", ports.stream().map(port -> "127.0.0.1:" + port).toList()),
        "--cluster-secret-file",
        folder.resolve("secret").toString());
  }

  /** Waits until each of those gateways has so many workers that are ready. */
  public void awaitWorkers(List<BitfleetProcess> gateways, int count) {
    Await.until(
        "each gateway has " + count + " workers",
        Duration.ofSeconds(30),
        () ->
            gateways.stream()
                .allMatch(
                    gateway ->
                        gateway.workers().stream()
                                .filter(each -> each.get("state").asString().equals("ready"))
                                .count()
                            == count));
  }

  /** Where a node keeps what it keeps. */
  Path folder(int node) {
    return folder.resolve("node" + node);
  }

  /** Starts a node in that role: serve, gateway or worker. Ready when it returns. */
  public BitfleetProcess start(int node, String role, String... arguments) throws Exception {
    var all = new ArrayList<>(settings(node));
    all.addAll(Arrays.asList(arguments));
    BitfleetProcess started =
        BitfleetProcess.startAs(role, folder(node), all.toArray(String[]::new));
    running.add(started);
    return started;
  }

  /** The same at a fixed port of the API, so that a balancer finds it again. */
  BitfleetProcess serve(int node, int port, String... arguments) throws Exception {
    var all =
        new ArrayList<>(
            List.of(
                "serve",
                "--port",
                String.valueOf(port),
                "--management-port",
                "0",
                "--data-dir",
                folder(node).resolve("data").toString()));
    all.addAll(settings(node));
    all.addAll(Arrays.asList(arguments));
    BitfleetProcess started = BitfleetProcess.start(folder(node), Installation.command(all));
    running.add(started);
    return started;
  }

  @Override
  public void close() {
    running.forEach(BitfleetProcess::close);
  }
}
