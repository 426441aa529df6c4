package dev.bitfleet.gateway.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A real PostgreSQL on a port of loopback, with data of its own; gone after {@link #close}. */
public final class Postgres implements AutoCloseable {
  public static final String USER = "fleet";
  public static final String PASSWORD = "known only to this test";

  /** Where Debian has it. */
  private static final Path VERSIONS = Path.of("/usr/lib/postgresql");

  /** The server refuses to be root's; nobody's it can be. */
  private static final boolean ROOT = System.getProperty("user.name").equals("root");

  private final Path programs;
  private final Path folder;
  private final int port;
  private Process server;

  private Postgres(Path programs, Path folder, int port) throws IOException {
    this.programs = programs;
    this.folder = folder;
    this.port = port;
    this.server = launch();
  }

  /** Skips the test where there is none; where everything is to be tested, fails it. */
  public static Postgres start() throws IOException {
    Optional<Path> programs = programs();
    if (programs.isEmpty()) {
      if (System.getenv("CI") != null) {
        throw new AssertionError("PostgreSQL is not installed: apt-get install postgresql");
      }
      Assumptions.abort("PostgreSQL is not installed");
    }
    // Not JUnit's folder, which only its owner may enter.
    Path folder = Files.createTempDirectory("bitfleet-postgres");
    Path password = Files.writeString(folder.resolve("password"), PASSWORD + "\n", UTF_8);
    if (ROOT) {
      run(List.of("chown", "-R", "nobody", folder.toString()));
    }
    run(
        asNobody(
            programs.get().resolve("initdb").toString(),
            "--pgdata=" + folder.resolve("data"),
            "--username=" + USER,
            "--pwfile=" + password,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync"));
    Postgres postgres = new Postgres(programs.get(), folder, freePort());
    postgres.awaitReady();
    return postgres;
  }

  private static Optional<Path> programs() throws IOException {
    if (!Files.isDirectory(VERSIONS)) {
      return Optional.empty();
    }
    try (Stream<Path> versions = Files.list(VERSIONS)) {
      return versions
          .map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("postgres")))
          .max(Comparator.naturalOrder());
    }
  }

  private static int freePort() throws IOException {
    // Below those the system hands out, so that no connection takes it while the server is down.
    int port = 12_000 + (int) (System.nanoTime() / 1000 % 8_000);
    while (true) {
      try (var free = new ServerSocket(port++, 1, InetAddress.getLoopbackAddress())) {
        return free.getLocalPort();
      } catch (IOException taken) {
        // The next one, then.
      }
    }
  }

  private static List<String> asNobody(String... command) {
    List<String> all = new ArrayList<>();
    if (ROOT) {
      all.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"));
    }
    all.addAll(List.of(command));
    return all;
  }

  private static String run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new AssertionError(String.join(" ", command) + "\n" + out);
      }
      return out.strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private Process launch() throws IOException {
    return new ProcessBuilder(
            asNobody(
                programs.resolve("postgres").toString(),
                "-D",
                folder.resolve("data").toString(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "port=" + port,
                "-c",
                "unix_socket_directories=",
                "-c",
                "shared_buffers=16MB"))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
        .start();
  }

  private void awaitReady() {
    try {
      Await.until(
          "the database takes connections",
          Duration.ofSeconds(60),
          () -> {
            try {
              return sql("SELECT 1").equals("1");
            } catch (AssertionError e) {
              return false;
            }
          });
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "\n" + log(), e);
    }
  }

  /** As the driver takes it, without a user. */
  public String url() {
    return url("postgres");
  }

  /** The same of another database in it. */
  public String url(String database) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
  }

  /** Runs a statement as a superuser; gives its rows. */
  public String sql(String statement) {
    return sql("postgres", statement);
  }

  /** The same in another database. */
  public String sql(String database, String statement) {
    return run(
        List.of(
            "env",
            "PGPASSWORD=" + PASSWORD,
            "PGCONNECT_TIMEOUT=5",
            programs.resolve("psql").toString(),
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--host=127.0.0.1",
            "--port=" + port,
            "--username=" + USER,
            "--dbname=" + database,
            "--command=" + statement));
  }

  /** From now on a commit is on the disk, and does not return. */
  public void holdCommits() {
    sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    sql("SELECT pg_reload_conf()");
    // A process of the server's own makes it so, some moments later.
    Await.until("a commit waits", Duration.ofSeconds(60), this::waits);
  }

  private boolean waits() {
    CompletableFuture<String> probe =
        CompletableFuture.supplyAsync(() -> sql("CREATE TABLE probe(); DROP TABLE probe"));
    while (!probe.isDone()) {
      if (!sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
          .isEmpty()) {
        probe.join();
        return true;
      }
    }
    probe.join();
    return false;
  }

  /** Lets them return again. */
  public void releaseCommits() {
    sql("ALTER SYSTEM RESET synchronous_standby_names");
    sql("SELECT pg_reload_conf()");
  }

  /** Ends it without a word, as a power cut does: what was not synced is gone. */
  public void crash() {
    signal("QUIT");
    server.onExit().join();
  }

  /** Ends it in good order. */
  public void stop() {
    signal("INT");
    server.onExit().join();
  }

  /** Starts it again, with its data. */
  public void startAgain() throws IOException {
    server = launch();
    awaitReady();
  }

  /** Lets it stand still: connections stay, and nobody answers. */
  public void freeze() {
    signal("STOP");
    server.descendants().forEach(each -> signal(each, "STOP"));
  }

  /** Lets it go on. */
  public void thaw() {
    server.descendants().forEach(each -> signal(each, "CONT"));
    signal("CONT");
  }

  private void signal(String name) {
    signal(server.toHandle(), name);
  }

  private static void signal(ProcessHandle process, String name) {
    if (process.isAlive()) {
      run(List.of("kill", "-" + name, Long.toString(process.pid())));
    }
  }

  /** What it has to say, for the message of a failed test. */
  public String log() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return String.valueOf(e);
    }
  }

  @Override
  public void close() {
    thaw();
    if (server.isAlive()) {
      crash();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
