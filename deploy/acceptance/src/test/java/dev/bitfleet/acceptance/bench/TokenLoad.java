package dev.bitfleet.acceptance.bench;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

/** Clients that stream what {@link FixedCostEngine}s write, and look at when each token was. */
final class TokenLoad {
  private static final String TEXT = "\"text\":\"";

  private final List<URI> gateways;
  private final int clients;
  private final int tokens;

  /**
   * Begins when it is told to.
   *
   * @param clients of all gateways together, evenly spread
   * @param tokens of a completion
   */
  TokenLoad(List<URI> gateways, int clients, int tokens) {
    this.gateways = List.copyOf(gateways);
    this.clients = clients;
    this.tokens = tokens;
  }

  /**
   * What the clients saw.
   *
   * @param perSecond tokens that arrived
   * @param underWay from the engine's writing to the client's reading
   */
  record Seen(double perSecond, Samples underWay) {}

  /** Runs; the load is whole all through the time that is measured. */
  Seen run(Duration before, Duration measured) throws Exception {
    long from = System.nanoTime() + before.toNanos();
    long to = from + measured.toNanos();
    List<Callable<Samples>> loads = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      URI gateway = gateways.get(i % gateways.size());
      int number = i;
      loads.add(() -> client(gateway, number, from, to));
    }
    var underWay = new Samples();
    try (var threads = Executors.newFixedThreadPool(clients)) {
      for (var load : threads.invokeAll(loads)) {
        underWay.addAll(load.get());
      }
    }
    return new Seen(underWay.count() / (measured.toNanos() / 1e9), underWay);
  }

  private Samples client(URI gateway, int number, long from, long to) throws Exception {
    var underWay = new Samples();
    try (var client = new RawClient(gateway)) {
      for (int request = 0; System.nanoTime() < to; request++) {
        client.post(
            "/v1/completions",
            """
            {"prompt":"%d of %d","max_tokens":%d,"temperature":0,"stream":true}"""
                .formatted(request, number, tokens),
            (chunk, read) -> {
              if (read >= from && read < to) {
                times(chunk).forEach(written -> underWay.add(read - written));
              }
            });
      }
    }
    return underWay;
  }

  /** Several where a client fell behind. */
  private static List<Long> times(String chunk) {
    int begin = chunk.indexOf(TEXT);
    if (begin < 0) {
      return List.of();
    }
    String text = chunk.substring(begin + TEXT.length(), chunk.indexOf('"', begin + TEXT.length()));
    return text.isBlank()
        ? List.of()
        : List.of(text.strip().split(" ")).stream().map(Long::parseLong).toList();
  }
}
