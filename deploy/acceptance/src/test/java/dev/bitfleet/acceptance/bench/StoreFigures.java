package dev.bitfleet.acceptance.bench;

import dev.bitfleet.acceptance.BitfleetProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tools.jackson.databind.json.JsonMapper;

/**
 * Prints the table of docs/benchmarks about conversations: turns acknowledged per second, writes
 * that share a sync, memory, and how long an open takes. Run like {@link Figures}; {@code
 * -Dbitfleet.store.folder} names a folder on the disk to be measured.
 */
public final class StoreFigures {
  private static final Duration LOAD_TIME = Duration.ofSeconds(8);
  private static final String ITEM =
      "{\"items\":[{\"role\":\"user\",\"content\":\"The quick brown fox jumps over the lazy dog, and"
          + " goes on its way through the wood to where its den is.\"}]}";

  private StoreFigures() {}

  /** No arguments. */
  public static void main(String[] args) throws Exception {
    Path base =
        Path.of(System.getProperty("bitfleet.store.folder", System.getProperty("java.io.tmpdir")));
    Path folder = Files.createTempDirectory(base, "bitfleet-store-figures");
    System.out.println("| what | figure |\n|---|---|");
    try (BitfleetProcess bitfleet = BitfleetProcess.start(folder)) {
      row("JVM resident, ready, store not open", "%.0f MiB", residentMebibytes(bitfleet));
      URI api = bitfleet.api();
      try (RawClient client = new RawClient(api)) {
        long began = System.nanoTime();
        client.post("/v1/conversations", "{}");
        row(
            "first conversation, the store opening for it",
            "%.0f ms",
            (System.nanoTime() - began) / 1e6);
      }
      row("JVM resident, store open", "%.0f MiB", residentMebibytes(bitfleet));
      load(bitfleet, 16, Duration.ofSeconds(8), "warm-up");
      for (int clients : new int[] {1, 4, 16, 64}) {
        load(bitfleet, clients, LOAD_TIME, clients + " clients, one item a turn");
      }
      row("JVM resident after the load", "%.0f MiB", residentMebibytes(bitfleet));
      row("held in the maps", "%.1f MiB", metric(bitfleet, "bitfleet_store_bytes") / 1048576);
    }
    try (BitfleetProcess again = BitfleetProcess.start(folder)) {
      try (RawClient client = new RawClient(again.api())) {
        client.post("/v1/conversations", "{}");
      }
      System.out.println(
          again.log().lines().filter(line -> line.contains("store open")).findFirst().orElse(""));
    }
  }

  private static void load(BitfleetProcess bitfleet, int clients, Duration time, String name)
      throws Exception {
    double groups = metric(bitfleet, "bitfleet_store_group_count");
    double writes = metric(bitfleet, "bitfleet_store_group_sum");
    double commit = metric(bitfleet, "bitfleet_store_commit_seconds_sum");
    long end = System.nanoTime() + time.toNanos();
    List<Callable<long[]>> calls = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      String conversation = conversation(bitfleet.api());
      calls.add(() -> append(bitfleet.api(), conversation, end));
    }
    List<Long> nanos = new ArrayList<>();
    try (var threads = Executors.newFixedThreadPool(clients)) {
      for (Future<long[]> each : threads.invokeAll(calls)) {
        Arrays.stream(each.get()).forEach(nanos::add);
      }
    }
    nanos.sort(Long::compare);
    groups = metric(bitfleet, "bitfleet_store_group_count") - groups;
    writes = metric(bitfleet, "bitfleet_store_group_sum") - writes;
    commit = metric(bitfleet, "bitfleet_store_commit_seconds_sum") - commit;
    row(
        name,
        "%.0f turns/s acknowledged; p50 %.1f ms, p99 %.1f ms; %.1f turns a sync, %.2f ms a sync",
        nanos.size() / (time.toNanos() / 1e9),
        nanos.get(nanos.size() / 2) / 1e6,
        nanos.get(nanos.size() * 99 / 100) / 1e6,
        writes / groups,
        1e3 * commit / groups);
  }

  private static long[] append(URI api, String conversation, long end) throws IOException {
    List<Long> nanos = new ArrayList<>();
    String path = "/v1/conversations/" + conversation + "/items";
    try (RawClient client = new RawClient(api)) {
      while (System.nanoTime() < end && nanos.size() < 9_000) {
        long began = System.nanoTime();
        client.post(path, ITEM);
        nanos.add(System.nanoTime() - began);
      }
    }
    return nanos.stream().mapToLong(Long::longValue).toArray();
  }

  private static String conversation(URI api) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> made =
          http.send(
              HttpRequest.newBuilder(api.resolve("/v1/conversations"))
                  .POST(HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return JsonMapper.shared().readTree(made.body()).path("id").asString();
    }
  }

  private static double metric(BitfleetProcess bitfleet, String sample) throws IOException {
    return bitfleet
        .metrics()
        .lines()
        .filter(line -> line.startsWith(sample + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .findFirst()
        .orElse(0);
  }

  private static double residentMebibytes(BitfleetProcess bitfleet) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + bitfleet.pid() + "/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IOException("no VmRSS");
  }

  private static void row(String what, String format, Object... figures) {
    System.out.printf(Locale.ROOT, "| %s | " + format + " |%n", prepend(what, figures));
  }

  private static Object[] prepend(Object first, Object... rest) {
    Object[] all = new Object[rest.length + 1];
    all[0] = first;
    System.arraycopy(rest, 0, all, 1, rest.length);
    return all;
  }
}
