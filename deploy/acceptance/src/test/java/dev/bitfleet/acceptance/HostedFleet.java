package dev.bitfleet.acceptance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Nodes that serve together, each on a host of its own. Started and killed by one thread; where
 * they are may be asked by many.
 */
final class HostedFleet implements Fleet, AutoCloseable {
  private static final int CLUSTER_PORT = 7800;

  private final Path folder;
  private final int count;
  private final List<String> arguments;
  private final Network network;
  private final BitfleetProcess[] nodes;

  /** By node: the side of the split on which it is; null while the fleet is whole. */
  private volatile @org.jspecify.annotations.Nullable List<String> sides;

  private volatile boolean loading = true;

  /**
   * @param arguments of each node beside those that make it one of this fleet
   */
  HostedFleet(Path folder, int count, String... arguments) throws Exception {
    this.folder = folder;
    this.count = count;
    this.arguments = List.of(arguments);
    this.nodes = new BitfleetProcess[count];
    Files.writeString(folder.resolve("secret"), "a secret that only these nodes have\n");
    network = Network.of(count);
    try {
      startAll();
    } catch (Exception | AssertionError e) {
      close();
      throw e;
    }
  }

  Network network() {
    return network;
  }

  int size() {
    return count;
  }

  @Override
  public BitfleetProcess node(int number) {
    synchronized (nodes) {
      return nodes[number];
    }
  }

  List<BitfleetProcess> all() {
    return IntStream.range(0, count).mapToObj(this::node).toList();
  }

  /** Starts all that do not run, at once, and waits until each has what it kept and all workers. */
  void startAll() throws Exception {
    var problems = new ArrayList<Throwable>();
    var starting = new ArrayList<Thread>();
    for (int i = 0; i < count; i++) {
      int number = i;
      BitfleetProcess there = node(number);
      if (there != null && there.isRunning()) {
        continue;
      }
      starting.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      start(number);
                    } catch (Exception | AssertionError e) {
                      synchronized (problems) {
                        problems.add(e);
                      }
                    }
                  }));
    }
    for (Thread each : starting) {
      each.join();
    }
    if (!problems.isEmpty()) {
      throw new AssertionError("a node did not start", problems.getFirst());
    }
    Await.until("each node knows all workers", Duration.ofSeconds(30), this::knowsAllWorkers);
    Await.until(
        "each node has read its journal",
        Duration.ofSeconds(30),
        () -> all().stream().allMatch(each -> each.log().contains("store open in")));
    loading = false;
  }

  private void start(int number) throws Exception {
    String address = network.address(number);
    var command =
        new ArrayList<>(
            List.of(
                "serve",
                "--host",
                address,
                "--port",
                "0",
                "--management-host",
                address,
                "--management-port",
                "0",
                "--allow-unauthenticated",
                "--data-dir",
                folder.resolve("node" + number).resolve("data").toString(),
                "--cluster-host",
                address,
                "--cluster-port",
                Integer.toString(CLUSTER_PORT),
                "--cluster-join",
                String.join(",", IntStream.range(0, count).mapToObj(network::address).toList()),
                "--cluster-secret-file",
                folder.resolve("secret").toString()));
    command.addAll(arguments);
    BitfleetProcess started =
        BitfleetProcess.start(
            folder.resolve("node" + number), network.on(number, Installation.command(command)));
    synchronized (nodes) {
      nodes[number] = started;
    }
  }

  /** Whether each gateway has each node's worker. */
  boolean knowsAllWorkers() {
    return all().stream()
        .filter(BitfleetProcess::isRunning)
        .allMatch(
            each ->
                each.workers().stream()
                        .filter(worker -> worker.get("state").asString().equals("ready"))
                        .count()
                    == all().stream().filter(BitfleetProcess::isRunning).count());
  }

  /** kill -9, all at the same moment. */
  void kill(Integer... which) {
    loading |= which.length == count;
    for (int number : which) {
      node(number).kill();
    }
    for (int number : which) {
      node(number).close();
    }
  }

  /** Cuts a node off from the others. */
  void isolate(int number) throws IOException {
    sides =
        IntStream.range(0, count).mapToObj(each -> each == number ? "alone" : "others").toList();
    network.split(number);
  }

  /** Lets one node hear nothing of another, which still hears it. Who is with whom is open then. */
  void deafen(int to, int from) throws IOException {
    loading = true;
    network.deafen(to, from);
  }

  /** Mends the network. The fleet is not yet whole. */
  void heal() throws IOException {
    loading = true;
    network.heal();
  }

  /** It has been seen to be whole again. */
  void whole() {
    sides = null;
    loading = false;
  }

  @Override
  public String side(int number) {
    return Optional.ofNullable(sides).map(all -> all.get(number)).orElse("");
  }

  @Override
  public boolean loading() {
    return loading;
  }

  @Override
  public void close() throws IOException {
    for (BitfleetProcess each : nodes) {
      if (each != null) {
        each.close();
      }
    }
    network.close();
  }
}
