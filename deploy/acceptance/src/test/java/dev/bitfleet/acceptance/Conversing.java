package dev.bitfleet.acceptance;

import dev.bitfleet.acceptance.history.History;
import dev.bitfleet.acceptance.history.HistoryCheck;
import dev.bitfleet.acceptance.history.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** Clients that converse while something is done to a fleet. */
final class Conversing {
  private final int nodes;
  final History history = new History(System::nanoTime);
  final List<String> conversations = new ArrayList<>();
  final List<Speaker> speakers = new ArrayList<>();
  private final AtomicBoolean over = new AtomicBoolean();
  private final List<Future<?>> running = new ArrayList<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /**
   * @param nodesOfSpeakers a client for each, that asks these nodes
   */
  Conversing(
      Fleet fleet, int nodes, long seed, int conversations, List<List<Integer>> nodesOfSpeakers)
      throws Exception {
    this.nodes = nodes;
    for (int i = 0; i < conversations; i++) {
      this.conversations.add(
          Served.ok(new Chat(fleet.node(i % nodes)).post("/v1/conversations", "{}"))
              .get("id")
              .asString());
    }
    for (List<Integer> asked : nodesOfSpeakers) {
      speakers.add(
          new Speaker(speakers.size(), seed, fleet, asked, this.conversations, history, over::get));
    }
    speakers.forEach(each -> running.add(threads.submit(each)));
  }

  int acknowledged() {
    return speakers.stream().mapToInt(Speaker::acknowledged).sum();
  }

  /** Waits until so many more turns have been acknowledged. */
  void more(int turns) {
    int wanted = acknowledged() + turns;
    Await.until(
        turns + " more turns are acknowledged",
        Duration.ofSeconds(90),
        () -> acknowledged() >= wanted || running.stream().anyMatch(Future::isDone));
    running.stream().filter(Future::isDone).forEach(Conversing::join);
  }

  void stop() {
    over.set(true);
    try {
      running.forEach(Conversing::join);
    } finally {
      threads.shutdownNow();
    }
  }

  private static void join(Future<?> speaker) {
    try {
      speaker.get(100, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("a client failed: " + e.getCause(), e);
    }
  }

  /** What the nodes show in the end that is not what clients were told; all have stopped. */
  List<String> problems() {
    var atEnd = new ArrayList<Seen>();
    for (int node = 0; node < nodes; node++) {
      for (String conversation : conversations) {
        Optional<List<String>> labels = speakers.getFirst().labels(node, conversation);
        if (labels.isEmpty()) {
          return List.of("node " + node + " does not show " + conversation);
        }
        atEnd.add(new Seen("node " + node, conversation, Long.MAX_VALUE, "", labels.orElseThrow()));
      }
    }
    return HistoryCheck.problems(history.said(), history.seen(), atEnd);
  }

  void report(String row, String more) {
    System.out.printf(
        "%s: %d turns said, %d acknowledged, %d requests sent again, %d looks; %s%n",
        row,
        history.said().size(),
        acknowledged(),
        speakers.stream().mapToInt(Speaker::repeated).sum(),
        history.seen().size(),
        more);
  }
}
