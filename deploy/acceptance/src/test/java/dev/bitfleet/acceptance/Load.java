package dev.bitfleet.acceptance;

import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Clients that ask one thing after the other until {@link #close}, and look at every byte: a
 * completion has to be what an undisturbed server answered, and what was acknowledged has to be
 * there.
 */
final class Load implements AutoCloseable {
  /** Bounds the requests a second, which would otherwise be those of conversations alone. */
  private static final long BETWEEN_NANOS = Duration.ofMillis(100).toNanos();

  private final Chat chat;
  private final int tokens;
  private final String wholeText;
  private final String shortText;
  private final List<Thread> clients = new ArrayList<>();
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private final AtomicInteger streams = new AtomicInteger();
  private final AtomicInteger requests = new AtomicInteger();
  private volatile boolean over;

  /** Does one thing, or says what went wrong. */
  @FunctionalInterface
  private interface Deed {
    void run() throws Exception;
  }

  /**
   * Begins when it is told to.
   *
   * @param undisturbed asked once for what the answers have to be
   * @param api where the clients go
   * @param tokens of a stream
   */
  Load(Chat undisturbed, URI api, int tokens) throws Exception {
    this.chat = new Chat(api);
    this.tokens = tokens;
    this.wholeText = text(undisturbed.post("/v1/completions", completion(tokens).toString()));
    this.shortText = text(undisturbed.post("/v1/completions", completion(4).toString()));
  }

  Load streams(int count) {
    return clients(count, this::stream);
  }

  Load shortOnes(int count) {
    return clients(count, this::shortOne);
  }

  Load conversations(int count) {
    return clients(count, this::conversation);
  }

  private Load clients(int count, Deed deed) {
    for (int i = 0; i < count; i++) {
      clients.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (!over) {
                      try {
                        deed.run();
                      } catch (Exception | AssertionError e) {
                        failures.add(String.valueOf(e));
                      }
                      requests.incrementAndGet();
                      LockSupport.parkNanos(BETWEEN_NANOS);
                    }
                  }));
    }
    return this;
  }

  private static ObjectNode completion(int tokens) {
    return JsonMapper.shared()
        .createObjectNode()
        .put("prompt", "Once upon a time")
        .put("max_tokens", tokens)
        .put("temperature", 0)
        .put("ignore_eos", true);
  }

  private void stream() throws Exception {
    try (Chat.Stream stream = chat.stream("/v1/completions", completion(tokens))) {
      List<String> events = stream.rest();
      var text = new StringBuilder();
      events.stream()
          .filter(event -> event.startsWith("{"))
          .forEach(event -> text.append(Chat.text(JsonMapper.shared().readTree(event))));
      if (stream.status() != 200
          || events.isEmpty()
          || !events.getLast().equals("[DONE]")
          || !text.toString().equals(wholeText)) {
        throw new AssertionError(
            "stream "
                + stream.status()
                + " "
                + events.stream().skip(Math.max(0, events.size() - 3)).toList());
      }
    }
    streams.incrementAndGet();
  }

  private void shortOne() throws Exception {
    String text = text(chat.post("/v1/completions", completion(4).toString()));
    if (!text.equals(shortText)) {
      throw new AssertionError("other text: " + text);
    }
  }

  private void conversation() throws Exception {
    String said = "note " + requests.get();
    ObjectNode body = JsonMapper.shared().createObjectNode();
    body.putArray("items")
        .addObject()
        .put("type", "message")
        .put("role", "user")
        .put("content", said);
    JsonNode made = Served.ok(chat.post("/v1/conversations", body.toString()));
    String items =
        Served.ok(chat.get("/v1/conversations/" + made.get("id").asString() + "/items")).toString();
    if (!items.contains(said)) {
      throw new AssertionError("not kept: " + items);
    }
  }

  private static String text(HttpResponse<String> answer) {
    return Served.ok(answer).at("/choices/0/text").asString();
  }

  /** Nothing new is begun. */
  @Override
  public void close() {
    over = true;
  }

  /** The same, and what runs has ended. */
  void finish() throws InterruptedException {
    close();
    for (Thread client : clients) {
      client.join();
    }
  }

  /** All that have ended, those that failed too. */
  int requests() {
    return requests.get();
  }

  /** Streams that were whole. */
  int wholeStreams() {
    return streams.get();
  }

  List<String> failures() {
    return List.copyOf(failures);
  }
}
