package dev.bitfleet.acceptance;

import dev.bitfleet.acceptance.history.History;
import dev.bitfleet.acceptance.history.Seen;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client of a fleet that says turn after turn in conversations it shares with others, and looks
 * at them now and then, each time at some node. What it gets no answer to it says again with the
 * same key at another node, as behind a load balancer; some it gives up at once.
 */
final class Speaker implements Runnable {
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(4);
  private static final Duration GIVE_UP = Duration.ofSeconds(90);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final int number;
  private final Random random;
  private final Fleet fleet;
  private final List<Integer> nodes;
  private final List<String> conversations;
  private final History history;
  private final BooleanSupplier over;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(1))
          .build();
  private volatile int acknowledged;
  private volatile int repeated;

  /**
   * @param nodes those it asks
   * @param conversations ids, any of which it may speak in
   * @param over when it is to stop after what it is at
   */
  Speaker(
      int number,
      long seed,
      Fleet fleet,
      List<Integer> nodes,
      List<String> conversations,
      History history,
      BooleanSupplier over) {
    this.number = number;
    this.random = new Random(seed * 1000 + number);
    this.fleet = fleet;
    this.nodes = List.copyOf(nodes);
    this.conversations = conversations;
    this.history = history;
    this.over = over;
  }

  /** Turns that were acknowledged. */
  int acknowledged() {
    return acknowledged;
  }

  /** Requests beyond the first of a turn. */
  int repeated() {
    return repeated;
  }

  @Override
  public void run() {
    for (int turn = 0; !over.getAsBoolean(); turn++) {
      String conversation = conversations.get(random.nextInt(conversations.size()));
      if (random.nextInt(4) == 0) {
        look(anyNode(), conversation);
      }
      String label = "s" + number + "t" + turn;
      boolean chat = random.nextInt(5) == 0;
      History.Open open = history.saying(conversation, label);
      if (random.nextInt(10) == 0) {
        // A client that hangs up: nobody is told whether it is kept.
        send(
            anyNode(),
            request(conversation, label, chat),
            Duration.ofMillis(1 + random.nextInt(30)));
      } else {
        insist(conversation, label, chat, open);
      }
    }
  }

  private int anyNode() {
    return nodes.get(random.nextInt(nodes.size()));
  }

  private record Wanted(String key, String path, String body) {}

  private static Wanted request(String conversation, String label, boolean chat) {
    return chat
        ? new Wanted(
            conversation + label,
            "/v1/conversations/" + conversation + "/chat",
            "{\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"" + label + "\"}]}")
        : new Wanted(
            conversation + label,
            "/v1/conversations/" + conversation + "/items",
            "{\"items\":[{\"type\":\"message\",\"role\":\"user\",\"content\":\"" + label + "\"}]}");
  }

  private void insist(String conversation, String label, boolean chat, History.Open open) {
    long deadline = System.nanoTime() + GIVE_UP.toNanos();
    boolean apart = false;
    while (true) {
      int node = anyNode();
      String before = fleet.side(node);
      Optional<HttpResponse<String>> answer =
          send(node, request(conversation, label, chat), ANSWER_WITHIN);
      String after = fleet.side(node);
      apart |= !before.isEmpty() || !after.isEmpty();
      if (answer.isPresent() && answer.get().statusCode() == 200) {
        open.acknowledged(!after.isEmpty() ? after : before);
        acknowledged++;
        return;
      }
      answer.ifPresent(given -> mayFail(given, conversation, node));
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "no answer to %s in %s%s; the last was %s"
                .formatted(
                    label,
                    conversation,
                    apart ? " (the fleet was split meanwhile)" : "",
                    answer.map(given -> given.statusCode() + " " + given.body()).orElse("none")));
      }
      repeated++;
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  /** What is to be tried again; anything else is wrong. */
  private void mayFail(HttpResponse<String> answer, String conversation, int node) {
    int status = answer.statusCode();
    if (status != 409 && status != 429 && status < 500) {
      throw new AssertionError(
          "node %d about %s: %d %s".formatted(node, conversation, status, answer.body()));
    }
  }

  private Optional<HttpResponse<String>> send(int node, Wanted wanted, Duration patience) {
    try {
      return Optional.of(
          http.send(
              HttpRequest.newBuilder(fleet.node(node).api().resolve(wanted.path()))
                  .header("content-type", "application/json")
                  .header("idempotency-key", wanted.key())
                  .timeout(patience)
                  .POST(HttpRequest.BodyPublishers.ofString(wanted.body()))
                  .build(),
              HttpResponse.BodyHandlers.ofString()));
    } catch (IOException e) {
      // The node is gone, or slow.
      return Optional.empty();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void look(int node, String conversation) {
    long asked = history.now();
    String before = fleet.side(node);
    boolean loading = fleet.loading();
    Optional<List<String>> labels = labels(node, conversation);
    String after = fleet.side(node);
    if (labels.isPresent() && before.equals(after) && !loading && !fleet.loading()) {
      history.saw(new Seen("node " + node, conversation, asked, after, labels.get()));
    }
  }

  /** The turns of a conversation as a node shows them; empty when it does not answer now. */
  Optional<List<String>> labels(int node, String conversation) {
    try {
      HttpResponse<String> answer =
          http.send(
              HttpRequest.newBuilder(
                      fleet.node(node).api().resolve("/v1/conversations/" + conversation))
                  .timeout(ANSWER_WITHIN)
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        if (!fleet.loading()) {
          mayFail(answer, conversation, node);
        }
        return Optional.empty();
      }
      return Optional.of(labels(JsonMapper.shared().readTree(answer.body()).path("messages")));
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** What users said. An answer has to follow a question at once, and stands for nothing itself. */
  private static List<String> labels(JsonNode messages) {
    var labels = new ArrayList<String>();
    boolean answered = true;
    for (JsonNode message : messages) {
      if (message.path("role").asString().equals("user")) {
        labels.add(message.path("content").asString());
        answered = false;
      } else {
        if (answered) {
          labels.add("(an answer to nothing)");
        }
        answered = true;
      }
    }
    return labels;
  }
}
