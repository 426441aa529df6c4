package dev.bitfleet.acceptance;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client that converses turn after turn and notes what it was told is kept. What it gets no
 * answer to it says again with the same idempotency key, as an SDK does, until it is answered.
 */
final class TurnWriter implements Runnable {
  /** Then it begins another conversation: a long one is the context's affair, not the store's. */
  static final int TURNS_EACH = 20;

  private final int number;
  private final int turns;
  private final Supplier<URI> api;
  private final AtomicInteger acknowledged;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();

  /** By conversation: what was said and what was answered, in order. */
  private final Map<String, List<String>> told = new LinkedHashMap<>();

  private int repeated;
  private int replayed;

  /**
   * @param api where the server is at the moment
   * @param acknowledged counts the turns of all writers
   */
  TurnWriter(int number, int turns, Supplier<URI> api, AtomicInteger acknowledged) {
    this.number = number;
    this.turns = turns;
    this.api = api;
    this.acknowledged = acknowledged;
  }

  @Override
  public void run() {
    String conversation = "";
    List<String> spoken = new ArrayList<>();
    for (int turn = 0; turn < turns; turn++) {
      if (turn % TURNS_EACH == 0) {
        conversation =
            insist("/v1/conversations", "{}", "w" + number + "-c" + turn).path("id").asString();
        spoken = new ArrayList<>();
        told.put(conversation, spoken);
      }
      String said = "w" + number + " t" + turn;
      boolean stream = turn % 3 == 2;
      String body =
          "{\"stream\":"
              + stream
              + ",\"max_tokens\":"
              + (1 + turn % 4)
              + ",\"messages\":[{\"role\":\"user\",\"content\":\""
              + said
              + "\"}]}";
      JsonNode answer =
          insist("/v1/conversations/" + conversation + "/chat", body, said.replace(' ', '-'));
      spoken.add("user: " + said);
      spoken.add("assistant: " + answer.path("text").asString());
      acknowledged.incrementAndGet();
    }
  }

  /** Asks until it is answered in full. */
  private JsonNode insist(String path, String body, String key) {
    long deadline = System.nanoTime() + Duration.ofMinutes(3).toNanos();
    for (int attempt = 0; ; attempt++) {
      try {
        HttpResponse<String> response =
            http.send(
                HttpRequest.newBuilder(api.get().resolve(path))
                    .header("content-type", "application/json")
                    .header("idempotency-key", key)
                    .timeout(Duration.ofSeconds(60))
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() == 200 && whole(response)) {
          repeated += attempt > 0 ? 1 : 0;
          replayed += response.headers().firstValue("idempotent-replayed").isPresent() ? 1 : 0;
          return read(response);
        }
        if (response.statusCode() < 500
            && response.statusCode() != 429
            && response.statusCode() != 200) {
          throw new AssertionError(path + ": " + response.statusCode() + " " + response.body());
        }
      } catch (IOException e) {
        // The server is gone, or going.
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("no answer to " + path);
      }
      java.util.concurrent.locks.LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  private static boolean events(HttpResponse<String> response) {
    return response.headers().firstValue("content-type").orElse("").startsWith("text/event-stream");
  }

  private static boolean whole(HttpResponse<String> response) {
    return !events(response) || response.body().endsWith("data: [DONE]\n\n");
  }

  private static JsonNode read(HttpResponse<String> response) {
    StringBuilder text = new StringBuilder();
    if (events(response)) {
      response
          .body()
          .lines()
          .filter(line -> line.startsWith("data: {"))
          .map(line -> JsonMapper.shared().readTree(line.substring("data: ".length())))
          .forEach(event -> text.append(Chat.text(event)));
    } else {
      JsonNode json = JsonMapper.shared().readTree(response.body());
      if (!json.has("choices")) {
        return json;
      }
      text.append(json.at("/choices/0/message/content").asString());
    }
    return JsonMapper.shared().createObjectNode().put("text", text.toString());
  }

  /** By conversation: what it must have, and nothing else. */
  Map<String, List<String>> told() {
    return told;
  }

  /** Requests that were answered only when they came again. */
  int repeated() {
    return repeated;
  }

  /** Of those, the ones that had been carried out before. */
  int replayed() {
    return replayed;
  }
}
