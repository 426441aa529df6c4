package dev.bitfleet.app.doctor;

import dev.bitfleet.worker.topology.SystemFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The seam between the checks and the machine: small files, programs, ports. */
interface Machine {

  /** Files of /proc and /sys. */
  SystemFiles files();

  /** The program of that name on the PATH. */
  Optional<Path> program(String name);

  /** Runs a program to its end, or kills it at the limit. */
  Outcome run(Duration limit, List<String> command);

  /** Why a server could not listen there; empty when it could. */
  Optional<String> listenProblem(String host, int port);

  /**
   * How a program ended.
   *
   * @param status exit status; −1 when it could not be started or was killed at the limit
   * @param output stdout and stderr together, the first {@value #MAX_OUTPUT_BYTES} bytes
   */
  record Outcome(int status, String output) {
    static final int MAX_OUTPUT_BYTES = 65_536;

    /** The first line that says something. */
    String firstLine() {
      return output.lines().map(String::strip).filter(s -> !s.isEmpty()).findFirst().orElse("");
    }
  }

  /** The machine this JVM runs on. */
  static Machine ofThisOne() {
    return new Machine() {
      @Override
      public SystemFiles files() {
        return SystemFiles.ofThisMachine();
      }

      @Override
      public Optional<Path> program(String name) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
        return List.of(path.split(":", -1)).stream()
            .filter(folder -> !folder.isEmpty())
            .map(folder -> Path.of(folder, name))
            .filter(Files::isExecutable)
            .findFirst();
      }

      @Override
      public Outcome run(Duration limit, List<String> command) {
        return runProcess(limit, command);
      }

      @Override
      public Optional<String> listenProblem(String host, int port) {
        try (var socket = new ServerSocket()) {
          socket.setReuseAddress(true);
          socket.bind(new InetSocketAddress(InetAddress.getByName(host), port), 1);
          return Optional.empty();
        } catch (IOException e) {
          return Optional.of(String.valueOf(e.getMessage()));
        }
      }
    };
  }

  private static Outcome runProcess(Duration limit, List<String> command) {
    Path output = null;
    try {
      // A file, not a pipe: a program that writes much and never ends must not hold the doctor up.
      output = Files.createTempFile("bitfleet-doctor", ".out");
      Process process =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
      if (!ended) {
        process.destroyForcibly().waitFor();
      }
      try (var in = Files.newInputStream(output)) {
        String text = new String(in.readNBytes(Outcome.MAX_OUTPUT_BYTES), StandardCharsets.UTF_8);
        return ended
            ? new Outcome(process.exitValue(), text)
            : new Outcome(-1, "still running after " + limit.toMillis() + " ms\n" + text);
      }
    } catch (IOException e) {
      return new Outcome(-1, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Outcome(-1, "interrupted");
    } finally {
      if (output != null) {
        try {
          Files.deleteIfExists(output);
        } catch (IOException e) {
          output.toFile().deleteOnExit();
        }
      }
    }
  }
}
