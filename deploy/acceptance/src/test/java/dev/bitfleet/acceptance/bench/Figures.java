package dev.bitfleet.acceptance.bench;

import dev.bitfleet.acceptance.BitfleetProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/**
 * Prints the table of docs/benchmarks: time from exec to the first token, what the gateway adds to
 * the first and to each further token, requests per second, memory of the JVM.
 *
 * <p>Run it on a quiet machine, after packaging: {@code ./mvnw -q -pl deploy/acceptance exec:java
 * -Dexec.mainClass=dev.bitfleet.acceptance.bench.Figures -Dexec.classpathScope=test}. Starts go
 * through {@code ./bitfleet}, so that they are what a person gets.
 */
public final class Figures {
  private static final int STARTS = 7;
  private static final int WARM_UP = 2000;
  private static final int COMPLETIONS = 400;
  private static final int TOKENS = 32;
  private static final String PROMPT = "Once upon a time there was a";
  private static final Duration LOAD_TIME = Duration.ofSeconds(8);

  private Figures() {}

  /** No arguments. */
  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory("bitfleet-figures");
    Path repository = Path.of(System.getProperty("bitfleet.repository", ".")).toAbsolutePath();
    List<String> command =
        List.of(
            repository.resolve("bitfleet").toString(),
            "serve",
            "--port",
            "0",
            "--management-port",
            "0",
            "--data-dir",
            folder.resolve("data").toString());
    System.out.println("| what | figure |\n|---|---|");
    starts(folder, command);
    try (var bitfleet = BitfleetProcess.start(folder, command)) {
      row("JVM resident after the start", "%.0f MiB", residentMebibytes(bitfleet.pid()));
      overhead(folder, bitfleet);
      for (int clients : new int[] {1, 4, 16, 64}) {
        throughput(bitfleet, clients);
      }
      row("JVM resident after the load", "%.0f MiB", residentMebibytes(bitfleet.pid()));
    }
  }

  private static void starts(Path folder, List<String> command) throws Exception {
    BitfleetProcess.start(folder, command).close(); // builds and rehearses, if that is to be done
    var samples = new Samples();
    for (int i = 0; i < STARTS; i++) {
      long began = System.nanoTime();
      try (var bitfleet = BitfleetProcess.start(folder, command);
          var client = new RawClient(bitfleet.api())) {
        long ready = System.nanoTime();
        samples.add(ready - began + client.post("/v1/completions", body(1, true)).toFirst());
      }
    }
    row("exec to first token, p50 of " + STARTS, "%.0f ms", samples.millis(0.5));
    row("exec to first token, slowest", "%.0f ms", samples.millis(1));
  }

  private static void overhead(Path folder, BitfleetProcess bitfleet) throws Exception {
    var wayFirst = new Samples();
    var wayEach = new Samples();
    var engineFirst = new Samples();
    var engineEach = new Samples();
    int threads = bitfleet.worker().get("cores").size();
    try (var client = new RawClient(bitfleet.api());
        var engine = new EngineAlone(engine(folder), model(folder), threads)) {
      for (int i = 0; i < WARM_UP + COMPLETIONS; i++) {
        // Another beginning each time, or the prefix cache would hide the prefill.
        String prompt = i + " " + PROMPT;
        EngineAlone.Timing way =
            client.post("/v1/completions", body(TOKENS, true).replace(PROMPT, prompt));
        EngineAlone.Timing alone = engine.complete(prompt, TOKENS);
        if (i >= WARM_UP) {
          wayFirst.add(way.toFirst());
          wayEach.add(way.rest() / (TOKENS - 1));
          engineFirst.add(alone.toFirst());
          engineEach.add(alone.rest() / (TOKENS - 1));
        }
      }
    }
    for (double share : new double[] {0.5, 0.99}) {
      String p = ", p" + Math.round(share * 100);
      row("first token, whole way" + p, "%.3f ms", wayFirst.millis(share));
      row("first token, engine alone" + p, "%.3f ms", engineFirst.millis(share));
      row("each further token, whole way" + p, "%.4f ms", wayEach.millis(share));
      row("each further token, engine alone" + p, "%.4f ms", engineEach.millis(share));
    }
    row(
        "the way adds to the first token, p50",
        "%.3f ms",
        wayFirst.millis(0.5) - engineFirst.millis(0.5));
    row(
        "the way adds to each further token, p50",
        "%.4f ms",
        wayEach.millis(0.5) - engineEach.millis(0.5));
  }

  private static void throughput(BitfleetProcess bitfleet, int clients) throws Exception {
    String body =
        """
        {"messages":[{"role":"user","content":"Hello"}],"max_tokens":1,"temperature":0}""";
    var answered = new LongAdder();
    var refused = new LongAdder();
    long end = System.nanoTime() + LOAD_TIME.toNanos();
    try (var threads = Executors.newFixedThreadPool(clients)) {
      List<Callable<Void>> loads = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        loads.add(
            () -> {
              try (var client = new RawClient(bitfleet.api())) {
                while (System.nanoTime() < end) {
                  client.post("/v1/chat/completions", body);
                  answered.increment();
                }
              } catch (IOException e) {
                refused.increment();
              }
              return null;
            });
      }
      for (var load : threads.invokeAll(loads)) {
        load.get();
      }
    }
    row(
        "chat completions of 1 token, " + clients + " clients",
        "%.0f /s" + (refused.sum() > 0 ? " (" + refused.sum() + " clients were refused)" : ""),
        answered.sum() / (LOAD_TIME.toMillis() / 1000.0));
  }

  private static String body(int tokens, boolean stream) {
    return """
        {"prompt":"%s","max_tokens":%d,"temperature":0,"ignore_eos":true,"stream":%s}"""
        .formatted(PROMPT, tokens, stream);
  }

  private static double residentMebibytes(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc", String.valueOf(pid), "status")).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
            .findFirst()
            .orElse(0)
        / 1024.0;
  }

  private static Path engine(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("data/engine"))) {
      return files.findFirst().orElseThrow();
    }
  }

  private static Path model(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("data/bundled"))) {
      return files.filter(file -> file.toString().endsWith(".gguf")).findFirst().orElseThrow();
    }
  }

  private static void row(String what, String form, double figure) {
    System.out.printf("| %s | %s |%n", what, String.format(Locale.ROOT, form, figure));
  }
}
