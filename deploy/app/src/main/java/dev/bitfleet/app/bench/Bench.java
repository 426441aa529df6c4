package dev.bitfleet.app.bench;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The measurements. Contestants take turns within a round; one server lives for one number of
 * threads and answers all that is asked of it there.
 *
 * <p>The speed of decoding is the time that more tokens take, not the time of one answer: the same
 * short prompts are completed to one token first, and that time is taken off. Waiting for whole
 * answers keeps the client out of the servers' way, and is fair to those that hold a token back
 * until its characters are whole.
 */
public final class Bench {
  private static final double MEGA = 1e6;

  /** Times within a round of what is over soon; odd, for the one in the middle. */
  private static final int TAKES = 3;

  private final BenchPlan plan;
  private final List<Contestant> contestants;
  private final int vocabulary;
  private final Consumer<String> progress;
  private final Map<Contestant, Figures> figures = new LinkedHashMap<>();
  private final Map<String, Integer> brokeOff = new LinkedHashMap<>();

  /**
   * @param contestants the first is the one that the others are compared with
   * @param vocabulary tokens the model knows
   * @param progress told a line for each step
   */
  public Bench(
      BenchPlan plan, List<Contestant> contestants, int vocabulary, Consumer<String> progress) {
    this.plan = plan;
    this.contestants = List.copyOf(contestants);
    this.vocabulary = vocabulary;
    this.progress = progress;
    contestants.forEach(each -> figures.put(each, new Figures()));
  }

  /** Measures everything; blocks until it is done. */
  public Results run() throws BenchException, InterruptedException {
    try (HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build()) {
      for (int round = 1; round <= plan.rounds(); round++) {
        for (int threads : plan.threads()) {
          for (Contestant contestant : contestants) {
            progress.accept(
                "round %d of %d: %s, %d thread%s"
                    .formatted(
                        round, plan.rounds(), contestant.name(), threads, threads == 1 ? "" : "s"));
            take(contestant, threads, client, round);
          }
        }
      }
    }
    var named = new LinkedHashMap<String, Figures>();
    figures.forEach((contestant, measured) -> named.put(contestant.name(), measured));
    return new Results(plan, named, brokeOff);
  }

  /** A peer that breaks off costs its own figures, not ours. */
  private void take(Contestant contestant, int threads, HttpClient client, int round)
      throws BenchException, InterruptedException {
    try {
      measure(contestant, threads, client, round);
    } catch (BenchException e) {
      if (contestant == contestants.getFirst()) {
        throw e;
      }
      brokeOff.merge(contestant.name(), 1, Integer::sum);
      progress.accept("%s; what it had not shown is left out".formatted(e.getMessage()));
    }
  }

  private void measure(Contestant contestant, int threads, HttpClient client, int round)
      throws BenchException, InterruptedException {
    Figures into = figures.computeIfAbsent(contestant, ignored -> new Figures());
    // The same prompts for every contestant of a round, other ones in the next.
    Load load = new Load(client, vocabulary, round);
    try (RunningServer server = RunningServer.start(contestant, plan, threads, client)) {
      boolean last = threads == plan.threads().getLast();
      load.together(server, prompts(load, 1, BenchPlan.SHORT_PROMPT), plan.generate());
      double first = firstToken(load, server);
      double decode = decode(load, server, 1);
      if (plan.threads().size() > 1) {
        into.add(Figure.prefillAt(threads), plan.prompt() / first);
        into.add(Figure.decodeAt(threads), decode);
      }
      if (!last) {
        return;
      }
      into.add(Figure.TTFT, first);
      into.add(Figure.PREFILL, plan.prompt() / first);
      into.add(Figure.DECODE, decode);
      for (int streams : plan.streams()) {
        into.add(Figure.streams(streams), streams == 1 ? decode : decode(load, server, streams));
      }
      RunningServer.Memory memory = server.memory();
      into.add(Figure.RESIDENT, memory.all() / MEGA);
      into.add(
          Figure.RESIDENT_ENGINE,
          (memory.children() == 0 ? memory.parent() : memory.children()) / MEGA);
      into.add(Figure.RECOMPUTED, secondTurn(load, server));
      if (plan.besideBusy()) {
        besideBusy(load, server, into);
      }
      into.add(Figure.LOAD, seconds(server.load()));
    }
  }

  private double firstToken(Load load, RunningServer server)
      throws BenchException, InterruptedException {
    var seconds = new double[TAKES];
    for (int i = 0; i < TAKES; i++) {
      seconds[i] = seconds(load.together(server, prompts(load, 1, plan.prompt()), 1));
    }
    return middle(seconds);
  }

  private double decode(Load load, RunningServer server, int streams)
      throws BenchException, InterruptedException {
    double one = completions(load, server, streams, 1);
    double all = completions(load, server, streams, 1 + plan.generate());
    if (all <= one) {
      throw new BenchException(
          "%s makes %d tokens faster than this machine's noise lets them be timed: raise --generate"
              .formatted(server.name(), plan.generate()));
    }
    return streams * plan.generate() / (all - one);
  }

  private double completions(Load load, RunningServer server, int streams, int tokens)
      throws BenchException, InterruptedException {
    var seconds = new double[TAKES];
    for (int i = 0; i < TAKES; i++) {
      seconds[i] =
          seconds(load.together(server, prompts(load, streams, BenchPlan.SHORT_PROMPT), tokens));
    }
    return middle(seconds);
  }

  private static double middle(double[] seconds) {
    Arrays.sort(seconds);
    return seconds[seconds.length / 2];
  }

  /**
   * A conversation's first turn, then requests of others through every slot, then its second turn.
   *
   * @return tokens of the second prompt that were computed though they were there before
   */
  private double secondTurn(Load load, RunningServer server)
      throws BenchException, InterruptedException {
    List<Integer> conversation = load.prompt(plan.prompt());
    load.computedOf(server, conversation, 1);
    for (int slot = 0; slot < plan.slots(); slot++) {
      load.computedOf(server, load.prompt(BenchPlan.SHORT_PROMPT), 1);
    }
    conversation.addAll(load.prompt(BenchPlan.SECOND_TURN));
    return load.computedOf(server, conversation, 1) - BenchPlan.SECOND_TURN;
  }

  private void besideBusy(Load load, RunningServer server, Figures into)
      throws BenchException, InterruptedException {
    double alone = decode(load, server, 1);
    double beside;
    try (var busy = new BusyProcess()) {
      beside = decode(load, server, 1);
    }
    into.add(Figure.BUSY, beside);
    into.add(Figure.BUSY_SHARE, beside / alone);
  }

  private static List<List<Integer>> prompts(Load load, int count, int tokens) {
    var prompts = new ArrayList<List<Integer>>(count);
    for (int i = 0; i < count; i++) {
      prompts.add(load.prompt(tokens));
    }
    return prompts;
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
