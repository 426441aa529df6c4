package dev.bitfleet.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptChain;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.WorkerHeartbeat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/**
 * Conversations on a fleet, over a virtual clock: every turn comes to another gateway, whose view
 * is as old as the last heartbeats. One thread and one seed, so a run can be had again. {@code
 * -Dbitfleet.routing.workers=1000 -Dbitfleet.routing.seconds=120} makes it the run that
 * docs/benchmarks has.
 */
class RoutingSimulationTest {
  private static final int WORKERS = Integer.getInteger("bitfleet.routing.workers", 100);
  private static final int GATEWAYS = Integer.getInteger("bitfleet.routing.gateways", 20);
  private static final int SECONDS = Integer.getInteger("bitfleet.routing.seconds", 60);
  private static final long SEED = Long.getLong("bitfleet.routing.seed", 1);

  private static final int SLOTS = 8;

  /** What a worker's cache holds, in UTF-16 units: eight contexts of 4096 tokens of four. */
  private static final int ROOM = SLOTS * 4096 * 4;

  private static final long MILLI = 1_000_000;

  /** How a gateway would choose; the baseline knows no prompts. */
  private static final BiFunction<FleetView, RouteWish, Optional<WorkerView>> BY_WORK =
      (fleet, wish) -> Router.choose(fleet.workers(), wish);

  private static final BiFunction<FleetView, RouteWish, Optional<WorkerView>> BLIND =
      (fleet, wish) ->
          Router.choose(
              fleet.workers(), RouteWish.uncached(wish.model(), wish.excluded(), wish.node()));

  record Event(long at, long order, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  /** What came out of a run. */
  record Figures(
      int laterTurns,
      int possible,
      int hits,
      int busy,
      int turns,
      double mostOverMean,
      double heartbeatBytes,
      double heartbeatsPerSecond) {
    double hitRate() {
      return (double) hits / possible;
    }
  }

  private static final class Run {
    final SplittableRandom random = new SplittableRandom(SEED);
    final PriorityQueue<Event> events = new PriorityQueue<>();
    final List<SimulatedWorker> workers = new ArrayList<>();
    final List<FleetView> gateways = new ArrayList<>();
    final BiFunction<FleetView, RouteWish, Optional<WorkerView>> policy;
    long now;
    long order;
    int laterTurns;
    int possible;
    int hits;
    int busy;
    int turns;
    long heartbeats;
    long heartbeatBytes;

    Run(BiFunction<FleetView, RouteWish, Optional<WorkerView>> policy) {
      this.policy = policy;
    }

    void in(long millis, Runnable what) {
      events.add(new Event(now + millis * MILLI, order++, what));
    }

    long exponential(double meanMillis) {
      return (long) (-Math.log(1 - random.nextDouble()) * meanMillis);
    }

    Figures go(double load) {
      for (int i = 0; i < WORKERS; i++) {
        SimulatedWorker worker = new SimulatedWorker("w" + i, SLOTS, ROOM);
        workers.add(worker);
        in(random.nextInt(1000), () -> beat(worker));
      }
      for (int i = 0; i < GATEWAYS; i++) {
        gateways.add(new FleetView(FleetView.STALE_AFTER));
      }
      // A turn takes four seconds or so and its client twenty to think: that many talk at once.
      int talking = (int) (load * WORKERS * SLOTS * 24 / 4);
      for (int i = 0; i < talking; i++) {
        converse(1000 + random.nextInt(20_000));
      }
      long end = (long) SECONDS * 1000 * MILLI;
      while (!events.isEmpty() && events.peek().at() < end) {
        Event next = events.remove();
        now = next.at();
        next.what().run();
      }
      double mean = workers.stream().mapToInt(w -> w.served).average().orElseThrow();
      return new Figures(
          laterTurns,
          possible,
          hits,
          busy,
          turns,
          workers.stream().mapToInt(w -> w.served).max().orElseThrow() / mean,
          (double) heartbeatBytes / heartbeats,
          (double) heartbeats / WORKERS / SECONDS);
    }

    void beat(SimulatedWorker worker) {
      tell(worker);
      in(1000, () -> beat(worker));
    }

    /** A worker tells of what it holds within half a second, and at once that it is full or not. */
    void changed(SimulatedWorker worker, boolean full) {
      if (full) {
        in(1, () -> tell(worker));
      } else if (!worker.beatDue) {
        worker.beatDue = true;
        in(
            500,
            () -> {
              worker.beatDue = false;
              tell(worker);
            });
      }
    }

    void tell(SimulatedWorker worker) {
      WorkerHeartbeat heartbeat = worker.heartbeat();
      heartbeats++;
      // What the frame weighs beside the filter: ids, model, version and so on.
      heartbeatBytes += 300 + heartbeat.prefixes().bytes().length;
      for (FleetView gateway : gateways) {
        gateway.hear(heartbeat, now);
      }
    }

    void converse(long afterMillis) {
      // One of twenty assistants, each with a system prompt of its own.
      String system = "assistant " + random.nextInt(20) + " " + "s".repeat(600);
      List<ChatMessage> messages = new ArrayList<>();
      messages.add(new ChatMessage(Role.SYSTEM, system));
      in(afterMillis, () -> turn(messages, Optional.empty(), random.nextInt(1_000_000), 1));
    }

    void turn(List<ChatMessage> messages, Optional<SimulatedWorker> last, int id, int number) {
      messages.add(
          new ChatMessage(Role.USER, id + "/" + number + " " + "q".repeat(random.nextInt(400))));
      PromptChain prompt = PromptChain.of(new Prompt.Chat(messages), 1);
      boolean later = last.isPresent();
      // The last but two: what the turn before was asked, since when an answer and a question came.
      boolean couldHit =
          later && last.get().open < SLOTS && last.get().holds(prompt.link(prompt.size() - 3));
      turns++;
      laterTurns += later ? 1 : 0;
      possible += couldHit ? 1 : 0;
      attempt(messages, prompt, last, couldHit, id, number, new HashSet<>());
    }

    void attempt(
        List<ChatMessage> messages,
        PromptChain prompt,
        Optional<SimulatedWorker> last,
        boolean couldHit,
        int id,
        int number,
        Set<String> tried) {
      int at = random.nextInt(GATEWAYS);
      FleetView gateway = gateways.get(at);
      Optional<WorkerView> chosen =
          policy.apply(gateway, new RouteWish("m", tried, prompt, "w" + at));
      if (chosen.isEmpty()) {
        in(50, () -> attempt(messages, prompt, last, couldHit, id, number, new HashSet<>()));
        return;
      }
      SimulatedWorker worker = workers.get(Integer.parseInt(chosen.get().id().substring(1)));
      int fresh = worker.open(prompt);
      if (fresh < 0) {
        busy++;
        tried.add(worker.id);
        in(1, () -> attempt(messages, prompt, last, couldHit, id, number, tried));
        return;
      }
      gateway.opened(worker.id);
      changed(worker, worker.open == SLOTS);
      boolean hit = last.isPresent() && fresh < prompt.length() - prompt.end(prompt.size() - 4);
      hits += couldHit && hit ? 1 : 0;
      // Two milliseconds a token of prompt, thirty a token drawn.
      in(
          fresh / 4 * 2L + exponential(3000),
          () -> {
            boolean full = worker.open == SLOTS;
            worker.close();
            if (full) {
              changed(worker, true);
            }
            gateway.closed(worker.id);
            messages.add(new ChatMessage(Role.ASSISTANT, "a".repeat(400)));
            if (number == 6) {
              converse(exponential(20_000));
            } else {
              in(exponential(20_000), () -> turn(messages, Optional.of(worker), id, number + 1));
            }
          });
    }
  }

  @Test
  void next_turns_find_their_prefix_and_the_load_stays_even() {
    double[] loads = {0.3, 0.6};
    for (double load : loads) {
      Figures byWork = new Run(BY_WORK).go(load);
      Figures blind = new Run(BLIND).go(load);
      System.out.printf(
          "%d workers, %d gateways, %d s, load %.2f: %d turns, hits %.1f %% of those possible"
              + " (blind %.1f %%), busiest/mean %.2f (blind %.2f), busy answers %.2f %% (blind"
              + " %.2f %%), %.0f bytes in each of %.1f heartbeats a second%n",
          WORKERS,
          GATEWAYS,
          SECONDS,
          load,
          byWork.turns(),
          100 * byWork.hitRate(),
          100 * blind.hitRate(),
          byWork.mostOverMean(),
          blind.mostOverMean(),
          100.0 * byWork.busy() / byWork.turns(),
          100.0 * blind.busy() / blind.turns(),
          byWork.heartbeatBytes(),
          byWork.heartbeatsPerSecond());
      assertThat(byWork.possible()).isGreaterThan(1000);
      assertThat(byWork.hitRate()).as("at load %s", load).isGreaterThan(0.95);
      assertThat(blind.hitRate()).as("or the test shows nothing").isLessThan(0.5);
      assertThat(byWork.mostOverMean()).as("at load %s", load).isLessThan(2.0);
      assertThat(byWork.busy()).isLessThan(byWork.turns() / 10);
    }
  }

  @Test
  void the_same_seed_gives_the_same_run() {
    assertThat(Arrays.asList(new Run(BY_WORK).go(0.3), new Run(BY_WORK).go(0.3)))
        .containsOnly(new Run(BY_WORK).go(0.3));
  }
}
