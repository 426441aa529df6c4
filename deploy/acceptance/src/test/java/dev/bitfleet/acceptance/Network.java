package dev.bitfleet.acceptance;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Hosts on one network: namespaces of Linux on a bridge, which this process reaches too. Each host
 * has a packet filter of its own, so the network can be cut between any of them, one way or both.
 *
 * <p>Names carry this process's id. What a run has left that was killed is removed by the next one.
 * Needs root; not thread-safe.
 */
final class Network implements AutoCloseable {
  private static final String PREFIX = "bitfleet-";
  private static final String BRIDGE = "bf";
  private static final int FIRST_HOST = 11;

  private final long owner = ProcessHandle.current().pid();
  private final String subnet;
  private final int hosts;

  private Network(int hosts) {
    this.hosts = hosts;
    // Two runs on one machine must not have the same one.
    this.subnet = "10.%d.%d.".formatted(64 + (owner >> 8) % 128, owner & 255);
  }

  /** Why there can be none here; empty when there can. */
  static String missing() {
    try {
      if (Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Integer uid
          && uid != 0) {
        return "network namespaces need root";
      }
      for (String tool : List.of("ip", "nft")) {
        if (Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
            .noneMatch(folder -> Files.isExecutable(Path.of(folder, tool)))) {
          return "there is no program " + tool + " (Debian: iproute2, nftables)";
        }
      }
      String probe = PREFIX + ProcessHandle.current().pid() + "-probe";
      run("ip", "netns", "add", probe);
      try {
        feed("add table inet probe\n", "ip", "netns", "exec", probe, "nft", "-f", "-");
      } finally {
        run("ip", "netns", "del", probe);
      }
      return "";
    } catch (IOException | AssertionError e) {
      return "this machine permits no network namespaces: " + e.getMessage();
    }
  }

  /** Makes one. */
  static Network of(int hosts) throws IOException {
    removeLeftovers();
    var network = new Network(hosts);
    try {
      network.build();
      return network;
    } catch (IOException | AssertionError e) {
      network.close();
      throw e;
    }
  }

  private void build() throws IOException {
    String bridge = BRIDGE + owner;
    run("ip", "link", "add", bridge, "type", "bridge");
    run("ip", "addr", "add", subnet + "1/24", "dev", bridge);
    run("ip", "link", "set", bridge, "up");
    for (int host = 0; host < hosts; host++) {
      String name = name(host);
      String cable = bridge + "v" + host;
      run("ip", "netns", "add", name);
      run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name);
      run("ip", "link", "set", cable, "master", bridge, "up");
      run("ip", "-n", name, "link", "set", "lo", "up");
      run("ip", "-n", name, "addr", "add", address(host) + "/24", "dev", "eth0");
      run("ip", "-n", name, "link", "set", "eth0", "up");
    }
  }

  private String name(int host) {
    return PREFIX + owner + "-" + host;
  }

  /** Its only address. */
  String address(int host) {
    return subnet + (FIRST_HOST + host);
  }

  /** The command line that runs a command on that host. It becomes the command: one process. */
  List<String> on(int host, List<String> command) {
    var all = new ArrayList<>(List.of("ip", "netns", "exec", name(host)));
    all.addAll(command);
    return all;
  }

  /** Cuts these hosts off from the others, both ways. All of them still hear this process. */
  void split(Integer... side) throws IOException {
    List<Integer> here = Arrays.asList(side);
    List<Integer> there =
        IntStream.range(0, hosts).filter(host -> !here.contains(host)).boxed().toList();
    for (int host = 0; host < hosts; host++) {
      filter(host, here.contains(host) ? there : here);
    }
  }

  /** Lets nothing through from one host to another; what the other one sends still comes. */
  void deafen(int to, int from) throws IOException {
    feed(
        "add table inet cut\n"
            + "add chain inet cut in { type filter hook input priority 0; }\n"
            + "add rule inet cut in ip saddr %s drop\n".formatted(address(from)),
        "ip",
        "netns",
        "exec",
        name(to),
        "nft",
        "-f",
        "-");
  }

  private void filter(int host, Collection<Integer> strangers) throws IOException {
    String them = strangers.stream().map(this::address).collect(Collectors.joining(", "));
    feed(
        "add table inet cut\n"
            + "add chain inet cut in { type filter hook input priority 0; }\n"
            + "add chain inet cut out { type filter hook output priority 0; }\n"
            + "add rule inet cut in ip saddr { %s } drop\n".formatted(them)
            + "add rule inet cut out ip daddr { %s } drop\n".formatted(them),
        "ip",
        "netns",
        "exec",
        name(host),
        "nft",
        "-f",
        "-");
  }

  /** Mends all cuts. */
  void heal() throws IOException {
    for (int host = 0; host < hosts; host++) {
      run("ip", "netns", "exec", name(host), "nft", "flush", "ruleset");
    }
  }

  /** Takes it down. What still runs on its hosts is killed. */
  @Override
  public void close() throws IOException {
    remove(owner);
  }

  /** What processes have left that are no more. */
  private static void removeLeftovers() throws IOException {
    for (String line : run("ip", "netns", "list").lines().toList()) {
      String name = line.split(" ")[0];
      if (name.matches(PREFIX + "\\d+-.+")) {
        long pid = Long.parseLong(name.split("-")[1]);
        if (!alive(pid)) {
          remove(pid);
        }
      }
    }
    for (String bridge : bridges()) {
      long pid = Long.parseLong(bridge.substring(BRIDGE.length()));
      if (!alive(pid)) {
        remove(pid);
      }
    }
  }

  private static boolean alive(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  private static List<String> bridges() throws IOException {
    try (Stream<Path> links = Files.list(Path.of("/sys/class/net"))) {
      return links
          .map(link -> link.getFileName().toString())
          .filter(name -> name.matches(BRIDGE + "\\d+"))
          .toList();
    }
  }

  private static void remove(long owner) throws IOException {
    for (String line : run("ip", "netns", "list").lines().toList()) {
      String name = line.split(" ")[0];
      if (name.startsWith(PREFIX + owner + "-")) {
        for (String pid : run("ip", "netns", "pids", name).lines().toList()) {
          ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(ProcessHandle::destroyForcibly);
        }
        // Its end of the cable goes with it, and so the other end.
        run("ip", "netns", "del", name);
      }
    }
    if (bridges().contains(BRIDGE + owner)) {
      run("ip", "link", "del", BRIDGE + owner);
    }
  }

  private static String run(String... command) throws IOException {
    return feed("", command);
  }

  private static String feed(String input, String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    var out = new ByteArrayOutputStream();
    process.getInputStream().transferTo(out);
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(String.join(" ", command) + " does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
    String printed = out.toString(StandardCharsets.UTF_8);
    if (process.exitValue() != 0) {
      throw new AssertionError(String.join(" ", command) + ": " + printed);
    }
    return printed;
  }
}
