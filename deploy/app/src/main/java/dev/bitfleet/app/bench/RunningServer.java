package dev.bitfleet.app.bench;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A contestant's process, from its start to its end. */
final class RunningServer implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofMinutes(5);
  private static final Duration POLL = Duration.ofMillis(5);
  private static final Duration ASK_LIMIT = Duration.ofSeconds(2);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);
  private static final int LOG_TAIL_LINES = 15;

  private final Contestant contestant;
  private final Contestant.Setup setup;
  private final Process process;
  private final Path log;
  private final Thread killer;
  private Duration load = Duration.ZERO;

  private RunningServer(Contestant contestant, Contestant.Setup setup, Process process, Path log) {
    this.contestant = contestant;
    this.setup = setup;
    this.process = process;
    this.log = log;
    killer = new Thread(this::killAll, "end of " + contestant.name());
    Runtime.getRuntime().addShutdownHook(killer);
  }

  /** Starts it and waits until it would answer. */
  static RunningServer start(Contestant contestant, BenchPlan plan, int threads, HttpClient client)
      throws BenchException, InterruptedException {
    RunningServer server = null;
    try {
      Path folder =
          Files.createDirectories(plan.folder().resolve(contestant.name().replace('/', '_')));
      Path log = folder.resolve("server.log");
      var setup =
          new Contestant.Setup(
              plan.model(), threads, plan.slots(), plan.context(), freePort(), freePort(), folder);
      long begun = System.nanoTime();
      Process process =
          new ProcessBuilder(contestant.command(setup))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      server = new RunningServer(contestant, setup, process, log);
      process.getOutputStream().close();
      server.awaitReady(client, begun);
      return server;
    } catch (IOException e) {
      if (server != null) {
        server.close();
      }
      throw new BenchException(contestant.name() + " cannot be started: " + e.getMessage(), e);
    } catch (BenchException | InterruptedException e) {
      if (server != null) {
        server.close();
      }
      throw e;
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private void awaitReady(HttpClient client, long begun)
      throws BenchException, InterruptedException {
    HttpRequest question =
        HttpRequest.newBuilder(contestant.readiness(setup)).timeout(ASK_LIMIT).build();
    while (true) {
      if (!process.isAlive()) {
        throw new BenchException(
            "%s ended with status %d while it was starting%n%s"
                .formatted(contestant.name(), process.exitValue(), logTail()));
      }
      try {
        if (client.send(question, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
          load = Duration.ofNanos(System.nanoTime() - begun);
          return;
        }
      } catch (IOException e) {
        // It does not listen yet.
        load = Duration.ZERO;
      }
      if (System.nanoTime() - begun > START_LIMIT.toNanos()) {
        throw new BenchException(
            "%s was not ready after %d s%n%s"
                .formatted(contestant.name(), START_LIMIT.toSeconds(), logTail()));
      }
      Thread.sleep(POLL);
    }
  }

  Contestant.Setup setup() {
    return setup;
  }

  String name() {
    return contestant.name();
  }

  /** From the start of its program to readiness. */
  Duration load() {
    return load;
  }

  /** What is resident now, of the process and of those it has started. */
  Memory memory() {
    List<ProcessHandle> children = process.descendants().toList();
    long engines = children.stream().mapToLong(each -> residentBytes(each.pid())).sum();
    return new Memory(residentBytes(process.pid()), engines);
  }

  /**
   * Resident bytes.
   *
   * @param parent the process that was started
   * @param children all that it has started; none for a server of one process
   */
  record Memory(long parent, long children) {
    long all() {
      return parent + children;
    }
  }

  private static long residentBytes(long pid) {
    try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(pid), "status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")) * 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0; // it has ended
    }
  }

  /** The end of what it has printed. */
  String logTail() {
    try {
      List<String> lines = new ArrayList<>(Files.readAllLines(log));
      return String.join(
          "\n", lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size()));
    } catch (IOException e) {
      return "(nothing readable in " + log + ")";
    }
  }

  private void killAll() {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() {
    try {
      process.destroy();
      if (!process.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        killAll();
      }
    } catch (InterruptedException e) {
      killAll();
      Thread.currentThread().interrupt();
    }
    try {
      Runtime.getRuntime().removeShutdownHook(killer);
    } catch (IllegalStateException e) {
      return; // this JVM is going down, and the hook has run or will
    }
  }
}
