package dev.bitfleet.acceptance.bench;

import dev.bitfleet.acceptance.BitfleetProcess;
import dev.bitfleet.acceptance.NextTurns;
import dev.bitfleet.acceptance.Nodes;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executors;

/**
 * Prints the tables of docs/benchmarks about a fleet on one machine: what more workers bring, what
 * the bus adds to a token, and how often a turn at another gateway finds the one before.
 *
 * <p>Run it after packaging, in the clone's root: {@code java -cp
 * deploy/acceptance/target/test-classes:deploy/app/target/bitfleet.jar
 * dev.bitfleet.acceptance.bench.FleetFigures}. The arguments {@code workers}, {@code nodes}, {@code
 * bus} and {@code turns} choose, {@code -Dbitfleet.rounds} says how often all but the last are
 * measured.
 */
public final class FleetFigures {
  private static final int ROUNDS = Integer.getInteger("bitfleet.rounds", 3);
  private static final int MOST_WORKERS = 3;
  private static final int SLOTS = 8;
  private static final int TOKENS = 32;
  private static final Duration WARM_UP = Duration.ofSeconds(6);
  private static final Duration MEASURED = Duration.ofSeconds(10);

  private FleetFigures() {}

  /**
   * Measures.
   *
   * @param args what; none = all
   */
  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory("bitfleet-fleet-figures");
    Set<String> wanted =
        args.length == 0 ? Set.of("workers", "nodes", "bus", "turns") : Set.of(args);
    System.out.println("| what | figure |\n|---|---|");
    for (int round = 1; round <= ROUNDS; round++) {
      if (wanted.contains("workers")) {
        throughput(folder, round, false);
      }
      if (wanted.contains("nodes")) {
        throughput(folder, round, true);
      }
      if (wanted.contains("bus")) {
        bus(folder, round);
      }
    }
    if (wanted.contains("turns")) {
      turns(folder);
    }
    System.exit(0);
  }

  /**
   * Twice as many clients as slots, so that every slot is wanted all the time.
   *
   * @param everywhere whether each worker's node is a gateway too, with its share of the clients;
   *     else one node that only answers has them all
   */
  private static void throughput(Path folder, int round, boolean everywhere) throws Exception {
    int millis = 20;
    String[] engine = {
      "--engine-bin",
      FixedCostEngine.program(folder, millis).toString(),
      "--slots",
      Integer.toString(SLOTS)
    };
    try (Nodes nodes = nodes(folder, MOST_WORKERS + 1)) {
      var gateways = new ArrayList<BitfleetProcess>();
      double one = 0;
      for (int workers = 1; workers <= MOST_WORKERS; workers++) {
        if (everywhere) {
          gateways.add(nodes.start(workers, "serve", engine));
        } else if (workers == 1) {
          // Neither is ready without the other.
          try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var worker = threads.submit(() -> nodes.start(1, "worker", engine));
            gateways.add(nodes.start(0, "gateway"));
            worker.get();
          }
        } else {
          nodes.start(workers, "worker", engine);
        }
        nodes.awaitWorkers(gateways, workers);
        double perSecond =
            new TokenLoad(apis(gateways), 2 * SLOTS * workers, TOKENS)
                .run(WARM_UP, MEASURED)
                .perSecond();
        one = workers == 1 ? perSecond : one;
        row(
            "round %d: %d workers, %s"
                .formatted(round, workers, everywhere ? "all gateways" : "one gateway"),
            "%.0f tokens/s, %.3f of linear, %.3f of what the engines take",
            perSecond,
            perSecond / (workers * one),
            perSecond / (workers * SLOTS * 1000.0 / millis));
      }
    }
  }

  /** One worker, asked by way of its own node and of another one, in turns. */
  private static void bus(Path folder, int round) throws Exception {
    try (Nodes nodes = nodes(folder, 2)) {
      BitfleetProcess near =
          nodes.start(
              0,
              "serve",
              "--engine-bin",
              FixedCostEngine.program(folder, 5).toString(),
              "--slots",
              Integer.toString(SLOTS));
      BitfleetProcess far = nodes.start(1, "gateway");
      nodes.awaitWorkers(List.of(near, far), 1);
      new TokenLoad(apis(List.of(near, far)), SLOTS, TOKENS)
          .run(Duration.ZERO, WARM_UP.multipliedBy(5));
      for (int streams : new int[] {1, SLOTS}) {
        var here = new Samples();
        var there = new Samples();
        for (int i = 0; i < 5; i++) {
          here.addAll(stretch(near, streams));
          there.addAll(stretch(far, streams));
        }
        for (double share : new double[] {0.5, 0.99}) {
          row(
              "round %d: engine to client, %d streams, p%.0f of %d and %d"
                  .formatted(round, streams, 100 * share, here.count(), there.count()),
              "%.3f ms, on another node %.3f ms: %.3f ms more",
              here.millis(share),
              there.millis(share),
              there.millis(share) - here.millis(share));
        }
      }
    }
  }

  private static Samples stretch(BitfleetProcess gateway, int streams) throws Exception {
    return new TokenLoad(apis(List.of(gateway)), streams, TOKENS)
        .run(Duration.ofMillis(500), Duration.ofSeconds(3))
        .underWay();
  }

  /** The engine and the model are the real ones. */
  private static void turns(Path folder) throws Exception {
    int slots = 4;
    try (Nodes nodes = nodes(folder, MOST_WORKERS)) {
      var gateways = new ArrayList<BitfleetProcess>();
      for (int i = 0; i < MOST_WORKERS; i++) {
        gateways.add(nodes.start(i, "serve", "--threads", "1", "--slots", Integer.toString(slots)));
      }
      nodes.awaitWorkers(gateways, MOST_WORKERS);
      List<NextTurns.Plan> plans =
          List.of(
              new NextTurns.Plan(120, 3, slots, 30, Duration.ofSeconds(1)),
              new NextTurns.Plan(120, 3, slots, 120, Duration.ofSeconds(1)),
              new NextTurns.Plan(240, 3, MOST_WORKERS * slots, 30, Duration.ofSeconds(1)),
              new NextTurns.Plan(120, 3, slots, 30, Duration.ZERO),
              new NextTurns.Plan(120, 3, slots, 120, Duration.ZERO));
      for (int i = 0; i < plans.size(); i++) {
        NextTurns.Plan plan = plans.get(i);
        List<NextTurns.Turn> turns = new NextTurns(gateways, plan).run(i);
        long hits = turns.stream().filter(NextTurns.Turn::hit).count();
        row(
            "next turns that found the one before: %d clients on %d slots, questions of %d words, %d ms between"
                .formatted(
                    plan.clients(), MOST_WORKERS * slots, plan.words(), plan.thinking().toMillis()),
            "%d of %d: %.1f %%",
            hits,
            turns.size(),
            100.0 * hits / turns.size());
      }
    }
  }

  private static Nodes nodes(Path folder, int count) throws Exception {
    return new Nodes(Files.createTempDirectory(folder, "nodes"), count);
  }

  private static List<URI> apis(List<BitfleetProcess> gateways) {
    return gateways.stream().map(BitfleetProcess::api).toList();
  }

  private static void row(String what, String form, Object... figures) {
    System.out.printf("| %s | %s |%n", what, String.format(Locale.ROOT, form, figures));
  }
}
