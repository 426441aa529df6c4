package dev.bitfleet.acceptance;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.json.JsonMapper;

/**
 * Clients that ask for short completions without pause until {@link #close}. Some name the model
 * they know, some none; some stream. Which model answers is not theirs to mind, but that it does.
 */
final class Askers implements AutoCloseable {
  private static final int TOKENS = 12;
  private static final Duration WINDOW = Duration.ofSeconds(30);

  private final Chat chat;
  private final String model;
  private final List<Thread> clients = new ArrayList<>();
  private final AtomicInteger answered = new AtomicInteger();
  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private volatile boolean over;

  /**
   * Begins.
   *
   * @param model that some of them name
   */
  Askers(Chat chat, String model, int count) {
    this.chat = chat;
    this.model = model;
    for (int i = 0; i < count; i++) {
      boolean named = i % 2 == 0;
      boolean streamed = i % 3 == 0;
      clients.add(Thread.ofVirtual().start(() -> askOn(named, streamed)));
    }
  }

  private void askOn(boolean named, boolean streamed) {
    while (!over) {
      try {
        ask(named, streamed).ifPresent(failures::add);
        answered.incrementAndGet();
      } catch (Exception e) {
        failures.add(String.valueOf(e));
      }
    }
  }

  private Optional<String> ask(boolean named, boolean streamed) throws Exception {
    var body = Chat.endless(TOKENS);
    if (named) {
      body.put("model", model);
    }
    body.remove("n_predict");
    body.put("max_tokens", TOKENS);
    if (streamed) {
      try (Chat.Stream stream = chat.stream("/v1/completions", body)) {
        List<String> events = stream.rest();
        return stream.status() == 200 && events.contains("[DONE]")
            ? Optional.empty()
            : Optional.of(stream.status() + " " + events);
      }
    }
    HttpResponse<String> answer = chat.post("/v1/completions", body.toString());
    return answer.statusCode() == 200
            && JsonMapper.shared().readTree(answer.body()).at("/usage/completion_tokens").asInt()
                == TOKENS
        ? Optional.empty()
        : Optional.of(answer.statusCode() + " " + answer.body());
  }

  /** Answers so far, failed ones among them. */
  int answered() {
    return answered.get();
  }

  /** Returns when there are so many more answers. */
  void awaitMore(int count) {
    int before = answered();
    Await.until(count + " more answers", WINDOW, () -> answered() >= before + count);
  }

  /** What went wrong so far. */
  List<String> failures() {
    return List.copyOf(failures);
  }

  /** Returns when the last one has its answer. */
  @Override
  public void close() throws InterruptedException {
    over = true;
    for (Thread client : clients) {
      client.join(WINDOW);
    }
  }
}
